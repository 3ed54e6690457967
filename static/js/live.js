// The page's one socket and what it has told so far. Protocol: snapshot, delta, beat from the server; ack, resync from us.
// The server vouches for all that we show with a heartbeat every 3 s, and holds it back when it cannot compute a topic.
const STALE_AFTER = 12_000; // ms without a heartbeat
const GIVE_UP_AFTER = 10_000; // ms without a heartbeat until we connect anew
const RETRY = { first: 400, most: 10_000 }; // ms
const ACK = { every: 4, within: 1000 }; // frames, ms: the server sends eight ahead; one answer to each was half of its work
const SIGNED_OUT = 4401;
const NOT_ALLOWED = 4403;

export class Live extends EventTarget {
  #socket = null;
  #topics = new Map(); // name -> {epoch, seq, state}
  #parts = new Map(); // name -> the state so far of a snapshot that is still arriving
  #frames = 0;
  #ahead = Math.floor(Math.random() * ACK.every); // so that not all pages answer the same frame
  #ackLater = 0;
  #tries = 0;
  #heardAt = performance.now();
  #retry = 0;

  constructor(url, topics) {
    super();
    const query = new URLSearchParams(topics.map((topic) => ["topic", topic]));
    this.url = new URL(`${url}?${query}`, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.names = topics;
    this.feed = "connecting";
    setInterval(() => this.#watchdog(), 1000);
    addEventListener("online", () => this.#connect());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#connect());
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#topics.clear();
    this.#parts.clear();
    this.#frames = 0;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.openedAt = performance.now();
    socket.onmessage = (event) => socket === this.#socket && this.#hear(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#ackLater);
    this.#ackLater = 0;
    socket?.close();
    this.#cutOff();
  }

  #closed(code) {
    this.#socket = null;
    if (code === SIGNED_OUT || code === NOT_ALLOWED) {
      this.#say("ended");
      return;
    }
    this.#cutOff();
    const wait = Math.min(RETRY.first * 2 ** this.#tries++, RETRY.most);
    this.#retry = setTimeout(() => this.#connect(), wait * (0.5 + Math.random())); // jitter: not all browsers at once
  }

  #hear(message) {
    this.#received();
    if (message.t === "snapshot") this.#snapshot(message);
    else if (message.t === "delta") this.#delta(message);
    if (message.t === "beat") this.dispatchEvent(new CustomEvent("beat", { detail: message.at }));
    if (message.t === "delta" || this.#topics.size < this.names.length) return; // one topic moving does not vouch for all
    this.#heardAt = performance.now();
    this.#tries = 0;
    this.dispatchEvent(new Event("vouched"));
    this.#say("live");
  }

  #received() {
    this.#frames += 1;
    if ((this.#frames + this.#ahead) % ACK.every === 0) this.#acknowledge();
    else this.#ackLater ||= setTimeout(() => this.#acknowledge(), ACK.within);
  }

  #acknowledge() {
    clearTimeout(this.#ackLater);
    this.#ackLater = 0;
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ ack: this.#frames }));
  }

  #snapshot({ topic, epoch, seq, state: part, more }) {
    const state = this.#parts.get(topic) ?? {}; // a large one comes in several frames
    for (const [section, rows] of Object.entries(part)) Object.assign((state[section] ??= {}), rows);
    if (more) {
      this.#parts.set(topic, state);
      return;
    }
    this.#parts.delete(topic);
    this.#topics.set(topic, { epoch, seq, state });
    this.dispatchEvent(new CustomEvent("snapshot", { detail: state }));
  }

  #delta({ topic, epoch, seq, set }) {
    const known = this.#topics.get(topic);
    if (!known || known.epoch !== epoch || seq > known.seq + 1) {
      this.#socket.send(JSON.stringify({ resync: topic }));
      return;
    }
    if (seq <= known.seq) return; // a snapshot already had it
    known.seq = seq;
    for (const [section, rows] of Object.entries(set)) {
      const target = (known.state[section] ??= {});
      for (const [key, row] of Object.entries(rows)) {
        if (row === null) delete target[key];
        else rows[key] = target[key] = { ...target[key], ...row }; // it says only what is other: the page hears of whole rows
      }
    }
    this.dispatchEvent(new CustomEvent("change", { detail: set }));
  }

  #watchdog() {
    const silence = performance.now() - this.#heardAt;
    if (silence > STALE_AFTER) this.#say("stale");
    const tried = this.openedAt === undefined ? 0 : performance.now() - this.openedAt;
    if (this.#socket && silence > GIVE_UP_AFTER && tried > GIVE_UP_AFTER) this.#connect();
  }

  // Nothing comes in now. What is stale already stays so until it is live again.
  #cutOff() {
    if (this.feed === "live") this.#say("reconnecting");
  }

  #say(feed) {
    if (feed === this.feed) return;
    this.feed = feed;
    this.dispatchEvent(new CustomEvent("feed", { detail: feed }));
  }

  // The rows of a section as they stand now.
  section(name) {
    for (const { state } of this.#topics.values()) if (name in state) return state[name];
    return {};
  }
}
