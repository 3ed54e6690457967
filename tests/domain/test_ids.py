import os
from uuid import RFC_4122, UUID

from engine.domain.ids import AT_ONCE, new_id


def test_an_id_is_a_random_uuid_as_the_standard_has_it():
    id = new_id()
    assert (id.version, id.variant) == (4, RFC_4122)
    assert UUID(str(id)) == id
    assert hash(UUID(str(id))) == hash(id)


def test_none_is_given_out_twice():
    ids = {new_id() for _ in range(10 * AT_ONCE + 1)}
    assert len(ids) == 10 * AT_ONCE + 1


def test_a_forked_process_gives_out_its_own():
    new_id()  # so that some are ready to be given out
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)
    theirs = UUID(bytes=os.read(reading, 16))
    assert theirs not in {new_id() for _ in range(AT_ONCE)}
