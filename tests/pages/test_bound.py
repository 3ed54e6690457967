"""Attributes that follow a row: the server fills them first, the page's script from then on."""

import re

import pytest
from django.template import Context, Template

from tests.support.reach import BASE_DIR

ROW = {"url": '/?a=1&b="2"', "name": "<Pivot>", "used": 0, "nothing": None}


@pytest.mark.parametrize(("tag", "shown"), [
    ('row "href:url title:name"', 'href="/?a=1&amp;b=&quot;2&quot;" title="&lt;Pivot&gt;" data-bind="href:url title:name"'),
    ('row "title:nothing"', 'title="" data-bind="title:nothing"'),
    ('row "width:used x:nothing" 5', 'width="0" x="5" data-bind="width:used x:nothing"'),
    ('none "width:used" 0', 'width="0" data-bind="width:used"'),
    ('rows.first "width:used"', 'width="0" data-bind="width:used"'),
])  # fmt: skip
def test_an_attribute_holds_what_the_row_says(tag, shown):
    context = Context({"row": ROW, "rows": {"first": ROW}, "none": None})
    assert Template(f"{{% load figures %}}{{% bound {tag} %}}").render(context) == shown


def test_a_style_hangs_on_what_the_row_says():
    row = {"side": "BUY", "is_system": True, "can": None}
    tag = '{% load figures %}{% attrs row "side is_system can" %}'
    shown = 'data-side="BUY" data-is-system="true" data-can="" data-attrs="side is_system can"'
    assert Template(tag).render(Context({"row": row})) == shown


def test_the_script_writes_each_of_them():
    templates = [path.read_text() for path in (BASE_DIR / "templates").rglob("*.html")]
    bound = {
        pair.split(":")[0]
        for text in templates
        for pairs in re.findall(r'{% bound \w+ "([^"]+)"', text)
        for pair in pairs.split()
    }
    known = re.search(r"BINDABLE = new Set\(\[(.+)\]\)", (BASE_DIR / "static/js/parts.js").read_text())
    assert known
    assert bound
    assert bound <= set(re.findall(r'"(\w+)"', known[1]))
    assert not [text for text in templates if re.search("data-(bind|attrs)=", text)]
