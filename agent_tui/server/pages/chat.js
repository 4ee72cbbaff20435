// @ts-check
/**
 * The customer's web chat: <support-chat inbox="web" server="" lang=""></support-chat>.
 *
 * Attributes are read when the element enters the page. `server` is the origin of the server ('' = this page's);
 * `full` fills the page and takes the inbox from ?inbox=. Data reaches the page through textContent alone.
 *
 * @typedef {{id: string, seq: number, at: number, from: string, name?: string, text: string, edited?: boolean, failed?: string}} Item
 * @typedef {{id: string, at: number, text: string, failed?: string}} Unsent
 * @typedef {{id: string, at: number, file: File, part: number, failed?: string, request?: XMLHttpRequest}} Upload
 */

const LIMIT = 10_000;
const TEXTS = {
  en: {
    placeholder: 'Write a message…', input: 'Your message', send: 'Send', log: 'Conversation', you: 'You',
    online: 'Online', away: 'Away — leave a message and we will reply here', support: 'Support',
    hello: 'Hello! How can we help you?', newer: 'New messages', retry: 'Try again', edit: 'Edit',
    sending: 'Sending…', waiting: 'Waiting to be sent', failed: 'Not sent',
    sent: '✓ Sent', delivered: '✓✓ Delivered', answered: '✓✓ Answered',
    typing: '{} is typing', ahead: '{} ahead of you', next: 'You are next', about: 'about {} min', soon: 'in a moment', offline: 'No connection. Your messages are kept and will be sent.',
    gone: 'This chat is not available.', expired: 'The earlier conversation has expired. Your next message starts a new one.',
    long: 'This message is too long: at most {} characters. Your text is kept; please shorten or split it.',
    attach: 'Send a picture or file', remove: 'Remove', big: '{} is too large: at most {} MB.', unreadable: 'this file cannot be read',
    rate: 'How did we do?', marks: ['Very bad', 'Bad', 'All right', 'Good', 'Very good'], thanks: 'Thank you! You gave {} of 5.',
    edited: 'Edited', comment: 'Anything to add? (optional)', commented: 'Thank you, your words have reached us.',
  },
  zh: {
    placeholder: '输入消息…', input: '您的消息', send: '发送', log: '对话', you: '我',
    online: '在线', away: '暂时离开，请留言，我们会在这里回复', support: '客服',
    hello: '您好！请问有什么可以帮您？', newer: '有新消息', retry: '重试', edit: '编辑',
    sending: '发送中…', waiting: '等待发送', failed: '未发送',
    sent: '✓ 已发送', delivered: '✓✓ 已送达', answered: '✓✓ 已回复',
    typing: '{} 正在输入', ahead: '前面还有 {} 位', next: '下一位就是您', about: '预计 {} 分钟', soon: '马上就到', offline: '网络已断开。您的消息已保存，恢复后会自动发送。',
    gone: '此聊天暂不可用。', expired: '之前的对话已过期，您的下一条消息将开始新的对话。',
    long: '消息太长：最多 {} 个字符。您的文字已保留，请缩短或分成几条发送。',
    attach: '发送图片或文件', remove: '移除', big: '{} 太大：最多 {} MB。', unreadable: '读不了这个文件',
    rate: '这次服务怎么样？', marks: ['很差', '不太好', '一般', '好', '很好'], thanks: '谢谢！您给了 {} 分（满分 5 分）。',
    edited: '已修改', comment: '还想说点什么？（可不填）', commented: '谢谢，您的话我们收到了。',
  },
};

const SHEET = new CSSStyleSheet();  // allowed by every style-src, also that of an embedding page
SHEET.replaceSync(`
:host { all: initial; display: block; height: min(640px, 100dvh); color-scheme: light dark;
  --accent: #1f7a5c; --accent-text: #1f7a5c; --page: #eef3f0; --card: #fff; --text: #18211d; --muted: #5d6a64;
  --bubble: #f0f4f2; --line: #e1e8e4; --bad: #b3261e; --note: #fdf3dc; --note-text: #6b4e0b; }
@media (prefers-color-scheme: dark) { :host { --accent-text: #5cc9a3; --page: #0e1311; --card: #171d1a; --text: #e8eeeb;
  --muted: #96a49d; --bubble: #242d29; --line: #2b3530; --bad: #ff9c92; --note: #37301c; --note-text: #f0d898; } }
:host([hidden]), [hidden] { display: none !important; }
:host([full]) { position: fixed; inset: 0; height: 100dvh; background: var(--page); }
*, ::before, ::after { box-sizing: border-box; }
.chat { display: flex; flex-direction: column; height: 100%; overflow: hidden; color: var(--text); background: var(--card);
  border: 1px solid var(--line); border-radius: 16px; line-height: 1.5; -webkit-text-size-adjust: 100%;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
:host([full]) .chat { border: 0; border-radius: 0; }
@media (min-width: 820px) { :host([full]) { display: flex; align-items: center; justify-content: center; }
  :host([full]) .chat { width: 760px; height: min(100% - 48px, 920px); border: 1px solid var(--line); border-radius: 22px;
  box-shadow: 0 24px 60px -24px rgb(10 40 28 / .28); } }
header { display: flex; align-items: center; gap: 12px; border-bottom: 1px solid var(--line);
  padding: calc(12px + env(safe-area-inset-top)) calc(16px + env(safe-area-inset-right)) 12px calc(16px + env(safe-area-inset-left)); }
.logo { flex: none; width: 40px; height: 40px; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: #fff; font-weight: 600; font-size: 18px; }
h1 { margin: 0; font-size: 16px; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.status { margin: 0; color: var(--muted); font-size: 13px; line-height: 1.35; min-height: 1.35em; }
.status.online::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-inline-end: 6px;
  border-radius: 50%; background: var(--accent-text); }
.banner, .notice { margin: 0; padding: 8px 16px; font-size: 13px; text-align: center; text-wrap: balance; overflow-wrap: anywhere;
  background: var(--note); color: var(--note-text); }
.notice { text-align: start; text-wrap: wrap; border-radius: 12px; margin: 0 0 8px; }
.middle { position: relative; flex: 1; min-height: 0; }
.log { height: 100%; overflow-y: auto; overscroll-behavior: contain; display: flex; flex-direction: column;
  padding: 16px calc(16px + env(safe-area-inset-right)) 12px calc(16px + env(safe-area-inset-left)); }
.day { align-self: center; margin: 18px 0 8px; color: var(--muted); font-size: 12px; }
.row { display: flex; flex-direction: column; align-items: flex-start; max-width: min(84%, 34em); margin-top: 3px; }
.row.first { margin-top: 14px; }
.row.customer { align-self: flex-end; align-items: flex-end; }
.name, .meta { color: var(--muted); font-size: 12px; margin: 0 6px 3px; }
.meta { margin: 3px 6px 5px; display: flex; flex-wrap: wrap; gap: 2px 8px; font-variant-numeric: tabular-nums; }
.bubble { padding: 9px 14px; border-radius: 18px; background: var(--bubble); white-space: pre-wrap; overflow-wrap: anywhere;
  max-width: 100%; border: 1px solid transparent; }
.row:not(.first) .bubble { border-start-start-radius: 6px; } .row:not(.last) .bubble { border-end-start-radius: 6px; }
.customer .bubble { background: var(--accent); color: #fff; } .customer .meta { justify-content: flex-end; text-align: end; }
.customer:not(.first) .bubble { border-start-start-radius: 18px; border-start-end-radius: 6px; }
.customer:not(.last) .bubble { border-end-start-radius: 18px; border-end-end-radius: 6px; }
[data-state=sending] .bubble { opacity: .72; }
[data-state=failed] .bubble { background: none; border-color: var(--bad); color: var(--text); }
[data-state=failed] .state { color: var(--bad); } [data-state=answered] .state { color: var(--accent-text); }
a { color: var(--accent-text); } .customer a { color: inherit; } a, .meta button { text-underline-offset: 2px; }
.meta button { font: inherit; padding: 0; border: 0; background: none; color: var(--accent-text); text-decoration: underline;
  cursor: pointer; }
.typing { display: flex; align-items: center; gap: 8px; margin: 12px 6px 0; color: var(--muted); font-size: 13px; }
.dots { display: flex; gap: 4px; padding: 12px 13px; border-radius: 18px; background: var(--bubble); }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--muted); animation: dot 1.2s infinite; }
.dots i:nth-child(2) { animation-delay: .15s; } .dots i:nth-child(3) { animation-delay: .3s; }
.rating { align-self: center; margin: 20px 6px 8px; padding: 14px 18px 16px; text-align: center; border: 1px solid var(--line);
  border-radius: 18px; max-width: 100%; min-inline-size: 0; }
.rating legend { padding: 0 8px; font-weight: 600; } .rating p { margin: 6px 0 0; color: var(--muted); font-size: 13px; min-height: 1.5em; }
.marks { display: flex; justify-content: center; gap: 2px; }
.marks button { width: 44px; height: 44px; padding: 0; border: 0; border-radius: 50%; background: none; cursor: pointer; font-size: 28px;
  line-height: 44px; color: var(--line); -webkit-text-stroke: 1px var(--muted); }
.marks .given { color: #e0a526; -webkit-text-stroke-color: #b07d10; }
.rating .why { display: flex; gap: 6px; margin-top: 10px; border: 0; padding: 0; } .why input { flex: 1; min-width: 0; padding: 8px 14px; border: 1px solid var(--line);
  border-radius: 20px; background: var(--bubble); color: inherit; font: inherit; font-size: 16px; }
.why button { flex: none; padding: 0 16px; border: 0; border-radius: 20px; cursor: pointer; background: var(--accent); color: #fff; font: inherit; }
.pill { position: absolute; bottom: 12px; left: 50%; transform: translateX(-50%); padding: 8px 16px; border: 0; cursor: pointer;
  border-radius: 99px; font: inherit; font-size: 13px; background: var(--card); color: var(--accent-text);
  box-shadow: 0 0 0 1px var(--line), 0 6px 18px rgb(0 0 0 / .22); }
form { border-top: 1px solid var(--line); padding: 12px calc(16px + env(safe-area-inset-right))
  calc(12px + env(safe-area-inset-bottom)) calc(16px + env(safe-area-inset-left)); }
.field { display: flex; align-items: flex-end; gap: 6px; padding: 4px 4px 4px 16px; border: 1px solid var(--line);
  border-radius: 26px; background: var(--bubble); }
.field:focus-within { border-color: var(--accent-text); box-shadow: 0 0 0 1px var(--accent-text); }
textarea { flex: 1; min-width: 0; height: 44px; max-height: 168px; padding: 10px 0; border: 0; outline: 0; resize: none;
  background: none; color: inherit; font: inherit; font-size: 16px; line-height: 24px; }
textarea::placeholder { color: var(--muted); opacity: 1; }
.attach { flex: none; width: 44px; height: 44px; margin-inline-start: -12px; border: 0; border-radius: 50%; display: grid;
  place-items: center; cursor: pointer; background: none; color: var(--muted); }
.over .field { border-color: var(--accent-text); border-style: dashed; }
.bubble img { display: block; max-width: min(260px, 100%); max-height: 260px; border-radius: 10px; background: var(--page); }
progress { width: 180px; max-width: 100%; height: 6px; accent-color: var(--accent-text); }
.send { flex: none; width: 44px; height: 44px; border: 0; border-radius: 50%; display: grid; place-items: center; cursor: pointer;
  background: var(--accent); color: #fff; transition: opacity .15s; }
.send:disabled { opacity: .35; cursor: default; }
.count { display: block; margin: 6px 16px 0; font-size: 12px; color: var(--muted); text-align: end; }
.count.over { color: var(--bad); font-weight: 600; }
.only-read { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:is(button, a, .log):focus-visible { outline: 2px solid var(--accent-text); outline-offset: 2px; border-radius: 6px; }
.log:focus-visible { outline-offset: -2px; } :is(.send, .attach):focus-visible { border-radius: 50%; } .pill:focus-visible { border-radius: 99px; }
@keyframes dot { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; transform: translateY(-2px); } }
@keyframes rise { from { opacity: 0; transform: translateY(6px); } }
[data-fresh] { animation: rise .18s ease-out; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .marks .given { forced-color-adjust: none; } .bubble, .pill, .send { border: 1px solid; } }`);

/** A reply which is not a success; status 0 stands for "no usable reply at all". */
class ApiError extends Error {
  /** @param {number} status @param {string} [title] @param {number} [retryAfter] milliseconds */
  constructor(status, title, retryAfter) {
    super(title || (status ? `HTTP ${status}` : ''));
    this.status = status;
    this.retryAfter = retryAfter;
    this.unreachable = [0, 502, 503, 504].includes(status);
    this.transient = status === 0 || status >= 500 || [401, 408, 425, 429].includes(status);
  }
  /** @param {Response} reply */
  static async from(reply) {
    const { error } = await reply.json().catch(() => ({}));
    const seconds = Number(reply.headers.get('Retry-After') || NaN);
    const said = [error?.title, error?.hint].filter((part) => typeof part === 'string').join(' ');
    return new ApiError(reply.status, said, seconds >= 0 ? Math.min(seconds, 600) * 1000 : undefined);
  }
}

/** Web storage under a prefix; what cannot be written there is kept in memory. */
class Store {
  /** @param {'localStorage' | 'sessionStorage'} area @param {string} prefix */
  constructor(area, prefix) {
    this.prefix = prefix;
    this.memory = new Map();
    try { this.web = window[area]; } catch { this.web = undefined; }
  }
  get(key) { return this.memory.get(key) ?? this.web?.getItem(this.prefix + key) ?? null; }
  set(key, value) {
    this.memory.delete(key);
    try { if (!this.web) throw 0; this.web.setItem(this.prefix + key, value); } catch { this.memory.set(key, value); }
  }
  remove(key) { this.memory.delete(key); this.web?.removeItem(this.prefix + key); }
  keys() {
    const stored = Object.keys(this.web ?? {}).filter((key) => key.startsWith(this.prefix));
    return [...new Set([...stored.map((key) => key.slice(this.prefix.length)), ...this.memory.keys()])];
  }
}

/** An element with attributes and children (text or nodes). @returns {any} */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const ARROW = 'M12 19V5M6 11l6-6 6 6', CLIP = 'M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.6 1.6 0 0 1-2.3-2.3l7.6-7.6';

function icon(drawn) {
  const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg'), path = document.createElementNS(ns, 'path');
  const set = (node, values) => { for (const name in values) node.setAttribute(name, values[name]); };
  set(svg, { viewBox: '0 0 24 24', width: 20, height: 20, fill: 'none', stroke: 'currentColor', 'aria-hidden': 'true' });
  set(path, { d: drawn, 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  svg.append(path);
  return svg;
}

/** The file's name if the address is of a file at `origin`. */
function fileName(url, origin) {
  const [, name] = (url.startsWith(`${origin}/`) && /^\/files\/[b-z]{32}\/([^/?#]+)$/.exec(url.slice(origin.length))) || [];
  try { return name && decodeURIComponent(name); } catch { return undefined; }
}

/** What stands for an address: a picture of our own, the name of our own file, else its letters. */
function shown(url, origin) {
  const name = fileName(url, origin);
  return name && /\.(jpe?g|png|gif|webp)$/i.test(name) ? el('img', { src: url, alt: name, referrerpolicy: 'no-referrer', decoding: 'async' })
    : name ?? url;
}

/** Text and links. Only ASCII after http(s)://, so that Chinese may follow an address without a space. */
function linkified(text, origin) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+/gi)) {
    let url = match[0].replace(/[.,;:!?'*]+$/, '');
    if (url.endsWith(')') && !url.includes('(')) url = url.slice(0, -1).replace(/[.,;:!?'*]+$/, '');
    parts.push(text.slice(from, match.index), el('a', { href: url, target: '_blank', rel: 'noopener noreferrer nofollow' }, shown(url, origin)));
    from = match.index + url.length;
  }
  return [...parts, text.slice(from)];
}

/** Make these the children of the parent, leaving nodes which are in place untouched. */
function place(parent, nodes) {
  let here = parent.firstChild;
  for (const node of nodes) {
    if (node === here) here = here.nextSibling;
    else parent.insertBefore(node, here);
  }
  while (here) { const next = here.nextSibling; here.remove(); here = next; }
}

/** The events of an SSE body. @param {ReadableStream<Uint8Array>} body @param {() => void} alive called on every byte */
async function* events(body, alive) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = '', event = 'message', data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, field, text] = /^(event|data): ?(.*)$/s.exec(line) ?? [];
      if (field === 'event') event = text;
      if (field === 'data') data.push(text);
      if (line) continue;
      if (data.length) yield { event, data: data.join('\n') };
      event = 'message'; data = [];
    }
  }
}

/** crypto.randomUUID exists only on https and localhost. */
const uuid = () => crypto.randomUUID?.() ?? '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (c) =>
  (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16));
const backoff = (attempt) => Math.random() * Math.min(30_000, 1000 * 2 ** attempt);
const characters = (text) => [...text].length;
const fill = (text, value) => text.replace('{}', () => value);
const inOrder = (a, b) => (a.seq || Infinity) - (b.seq || Infinity) || a.at - b.at;

export class SupportChat extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [SHEET];
  }

  connectedCallback() {
    const full = this.hasAttribute('full');
    const query = new URLSearchParams(full ? location.search : '');
    const server = (this.getAttribute('server') || '').replace(/\/+$/, '');
    const inbox = this.getAttribute('inbox') || query.get('inbox') || 'web';
    const wanted = this.getAttribute('lang') || query.get('lang') || navigator.language || 'en';
    this.language = /** @type {'zh' | 'en'} */ (wanted.toLowerCase().startsWith('zh') ? 'zh' : 'en');
    this.texts = TEXTS[this.language];
    this.locale = navigator.language?.startsWith(this.language) ? navigator.language : this.language;
    this.tooLong = fill(this.texts.long, LIMIT.toLocaleString(this.locale));
    this.clock = new Intl.DateTimeFormat(this.locale, { timeStyle: 'short' });
    this.base = `${server}/v1/web/${encodeURIComponent(inbox)}`;
    this.origin = server || location.origin;
    const prefix = `support-chat|${server || location.origin}|${inbox}|`;
    this.store = new Store('localStorage', prefix);
    this.drafts = new Store('sessionStorage', prefix);

    this.life = new AbortController();
    /** @type {Map<string, Item>} */ this.items = new Map();
    /** @type {Map<string, Upload>} */ this.uploads = new Map();
    this.largest = 0;  // bytes of a file; told by the server
    /** @type {Map<string, any>} */ this.nodes = new Map();
    /** @type {Set<() => void>} */ this.sleepers = new Set();
    this.owner = this.store.get('visitor');
    this.#forget();
    this.atBottom = true;
    this.inView = this.unseen = this.flushing = this.waiting = this.drawing = this.unreachable = this.gone = this.loading = this.uploading = false;
    this.typedAt = this.heard = this.receiptTimer = 0;
    this.#build(full);
    this.#watch(full);
    for (const unsent of this.#outbox()) this.#put({ ...unsent, seq: 0, from: 'customer' });
    this.#loadInbox(full);
    this.#listen(this.life.signal);
    this.#flush();
  }

  disconnectedCallback() {
    this.life.abort();
    this.streaming?.abort();
    for (const { request } of this.uploads.values()) request?.abort();
    this.#wake();
  }

  // ---- page -------------------------------------------------------------------------------------------------------

  #build(full) {
    const t = this.texts;
    this.logo = el('div', { class: 'logo', 'aria-hidden': 'true' });
    this.heading = el('h1', { dir: 'auto' });
    this.status = el('p', { class: 'status' });
    this.banner = el('p', { class: 'banner', role: 'status', 'data-testid': 'banner', hidden: '' });
    this.greeting = el('div', { class: 'row first last', 'data-testid': 'greeting', hidden: '' }, el('div', { class: 'bubble', dir: 'auto' }));
    this.typist = el('span', { dir: 'auto' });
    this.typing = el('div', { class: 'typing', 'aria-live': 'off', 'data-testid': 'typing', hidden: '' },
      el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')), this.typist);
    this.queue = el('div', { class: 'typing', role: 'status', 'data-testid': 'queue', hidden: '' });
    this.log = el('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': t.log, tabindex: '0', 'data-testid': 'log',
      'aria-busy': String(Boolean(this.owner)) }, this.greeting, this.queue, this.typing);
    this.pill = el('button', { class: 'pill', type: 'button', 'data-testid': 'newer', hidden: '' }, `↓ ${t.newer}`);
    this.notice = el('p', { class: 'notice', role: 'alert', 'data-testid': 'notice', hidden: '' });
    this.input = el('textarea', { rows: '1', 'aria-label': t.input, placeholder: t.placeholder, dir: 'auto', enterkeyhint: 'send',
      autocomplete: 'off', 'data-testid': 'input' });
    this.button = el('button', { class: 'send', type: 'submit', 'aria-label': t.send, title: t.send, 'data-testid': 'send' }, icon(ARROW));
    this.attach = el('button', { class: 'attach', type: 'button', 'aria-label': t.attach, title: t.attach, 'data-testid': 'attach', hidden: '' }, icon(CLIP));
    this.picker = el('input', { type: 'file', multiple: '', hidden: '', 'data-testid': 'picker' });
    this.count = el('div', { class: 'count', 'data-testid': 'count', hidden: '' });
    this.form = el('form', {}, this.notice, el('div', { class: 'field' }, this.attach, this.picker, this.input, this.button), this.count);
    const chat = this.chat = el(full ? 'main' : 'section', { class: 'chat', lang: this.language, 'aria-label': t.support },
      el('header', {}, this.logo, el('div', {}, this.heading, this.status)), this.banner,
      el('div', { class: 'middle' }, this.log, this.pill), this.form);
    /** @type {ShadowRoot} */ (this.shadowRoot).replaceChildren(chat);
    this.input.value = this.drafts.get('draft') ?? '';
    this.#measure();
  }

  #watch(full) {
    const { signal } = this.life;
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    on(this.form, 'submit', (event) => { event.preventDefault(); this.#submit(); });
    on(this.input, 'keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    on(this.input, 'input', () => { this.#measure(); this.#sayTyping(); });
    on(this.attach, 'click', () => this.picker.click());
    on(this.picker, 'change', () => { this.#attach(this.picker.files); this.picker.value = ''; this.input.focus(); });
    on(this.input, 'paste', (event) => {
      const { files } = event.clipboardData;
      if (!files.length || event.clipboardData.getData('text/plain')) return;  // of a copied table, the text
      event.preventDefault();
      this.#attach(files);
    });
    const dragged = (over, act) => (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();  // the browser would leave the page to show it
      this.chat.classList.toggle('over', over && this.largest > 0);
      act?.(event);
    };
    on(this.chat, 'dragover', dragged(true));
    on(this.chat, 'dragleave', dragged(false));
    on(this.chat, 'drop', dragged(false, (event) => this.#attach(event.dataTransfer.files)));
    on(window, 'beforeunload', (event) => { if (this.uploads.size) event.preventDefault(); });
    // Neither bubbles: a picture that came makes the log longer, one that did not is its name.
    this.log.addEventListener('load', () => { if (this.atBottom) this.#toBottom(); }, { capture: true, signal });
    this.log.addEventListener('error', ({ target }) => target.replaceWith(target.alt), { capture: true, signal });
    on(this.pill, 'click', () => { this.#toBottom(); this.input.focus(); });
    on(this.log, 'scroll', () => {
      this.atBottom = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
      this.#refresh();
    });
    on(window, 'online', () => this.#wake());
    on(window, 'offline', () => this.streaming?.abort());
    on(window, 'storage', (event) => this.#otherTab(event));
    on(document, 'visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      if (Date.now() - this.heard > 20_000) this.streaming?.abort();  // it did not live through the sleep of the device
      this.#wake();
      this.#loadInbox(full);
      this.#refresh();
    });
    const resized = new ResizeObserver(() => { if (this.atBottom) this.#toBottom(); });
    resized.observe(this.log);
    const seen = new IntersectionObserver(([entry]) => { this.inView = entry.isIntersecting; this.#receipt(); });
    seen.observe(this);
    on(signal, 'abort', () => { resized.disconnect(); seen.disconnect(); });
    const view = window.visualViewport;
    if (full && view) on(view, 'resize', () => {  // the keyboard of iOS covers the page instead of making it smaller
      this.style.height = view.scale === 1 ? `${view.height}px` : '';
      window.scrollTo(0, 0);
    });
  }

  /** Fit the input to its text; show the counter near the limit. */
  #measure() {
    const { input } = this, size = characters(input.value);
    input.style.height = '';
    if (input.value) input.style.height = `${input.scrollHeight}px`;
    this.count.hidden = size <= LIMIT * 0.9;
    this.count.textContent = `${size.toLocaleString(this.locale)} / ${LIMIT.toLocaleString(this.locale)}`;
    this.count.classList.toggle('over', size > LIMIT);
    this.button.disabled = !input.value.trim();
    const read = this.notice.textContent === this.tooLong ? size <= LIMIT : Date.now() - this.saidAt > 5000;
    if (read) this.#say('');
    if (input.value) this.drafts.set('draft', input.value); else this.drafts.remove('draft');
  }

  #say(text) {
    this.saidAt = Date.now();
    this.notice.textContent = text;
    this.notice.hidden = !text;
  }

  #toBottom() {
    this.log.scrollTop = this.log.scrollHeight;
    this.atBottom = true;
  }

  /** Draw soon, once for any number of changes. */
  #draw() {
    if (!this.drawing) queueMicrotask(() => { this.drawing = false; this.#drawNow(); });
    this.drawing = true;
  }

  #drawNow() {
    const list = [...this.items.values()].sort(inOrder), stick = this.atBottom;
    const states = list.map((item) => this.#state(item));
    const together = (a, b) => a && b && a.from === b.from && a.name === b.name && Math.abs(b.at - a.at) < 300_000
      && new Date(a.at).toDateString() === new Date(b.at).toDateString();
    const rows = [];
    let day = '';
    list.forEach((item, i) => {
      const date = new Date(item.at).toDateString(), last = !together(item, list[i + 1]);
      if (date !== day) rows.push(this.#dayNode(day = date, item.at));
      rows.push(this.#messageNode(item, states[i], !together(list[i - 1], item), last, last || states[i + 1] !== states[i]));
    });
    for (const upload of this.uploads.values()) rows.push(this.#uploadNode(upload));
    if (this.rating !== null) rows.push(this.#ratingNode(this.rating));
    place(this.log, [this.greeting, ...rows, this.queue, this.typing]);
    if (stick) this.#toBottom();
    this.#refresh();
  }

  /** Everything but the messages. */
  #refresh() {
    if (this.atBottom) this.unseen = false;
    this.pill.hidden = !this.unseen;
    this.banner.hidden = !(this.gone || this.unreachable);
    this.banner.textContent = this.gone ? this.texts.gone : this.unreachable ? this.texts.offline : '';
    this.#receipt();
  }

  #dayNode(key, at) {
    const node = this.#node(`day ${key}`, () => el('div', { class: 'day', role: 'separator' }));
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
    const year = new Date(at).getFullYear() === new Date().getFullYear() ? undefined : /** @type {const} */ ('numeric');
    const text = days === 0 || days === 1 ? new Intl.RelativeTimeFormat(this.locale, { numeric: 'auto' }).format(-days, 'day')
      : new Intl.DateTimeFormat(this.locale, { year, month: 'long', day: 'numeric', weekday: 'long' }).format(at);
    node.textContent = text.charAt(0).toLocaleUpperCase(this.locale) + text.slice(1);
    return node;
  }

  #messageNode(item, state, first, last, showMeta) {
    const own = item.from === 'customer', t = this.texts;
    const node = this.#node(item.id, () => el('div', { 'data-testid': 'message', 'data-from': own ? 'customer' : 'agent' },
      el('bdi', { class: own ? 'only-read' : 'name' }, own ? t.you : item.name || t.support),
      el('div', { class: 'bubble', dir: 'auto', 'data-testid': 'text' }),
      el('div', { class: 'meta' }, el('time'), el('span', { 'data-testid': 'edited', hidden: '' }, t.edited), el('bdi', { class: 'state' }))));
    const [name, bubble, meta] = node.children, [time, edited, label, ...buttons] = meta.children;
    if (node.said !== item.text) bubble.replaceChildren(...linkified(node.said = item.text, this.origin));
    edited.hidden = !item.edited;
    node.className = `row ${own ? 'customer' : 'agent'} ${first ? 'first' : ''} ${last ? 'last' : ''}`;
    node.dataset.state = state;
    name.hidden = !first;
    meta.hidden = !showMeta && state !== 'failed' && !item.edited;
    meta.setAttribute('aria-live', state === 'failed' ? 'polite' : 'off');
    if (time.dataset.at !== String(item.at)) time.textContent = this.clock.format(time.dataset.at = item.at);
    label.textContent = !own ? '' : state === 'sending' && this.waiting ? t.waiting
      : item.failed ? `${t.failed} · ${item.failed}` : t[state];
    label.hidden = !own;
    if (state === 'failed' && !buttons.length) meta.append(this.#action('retry', item), this.#action('edit', item));
    if (state !== 'failed') for (const button of buttons) button.remove();
    return node;
  }

  /** A file on its way: how far it is, or why it is not. */
  #uploadNode(upload) {
    const t = this.texts;
    const node = this.#node(`file ${upload.id}`, () => {
      const remove = el('button', { type: 'button', 'data-testid': 'remove' }, t.remove);
      const retry = el('button', { type: 'button', 'data-testid': 'retry' }, t.retry);
      remove.addEventListener('click', () => { this.#uploaded(upload); upload.request?.abort(); this.#wake(); this.input.focus(); });
      retry.addEventListener('click', () => { upload.failed = ''; this.#upload(); });
      return el('div', { class: 'row customer first last', 'data-testid': 'upload' },
        el('div', { class: 'bubble', dir: 'auto' }, upload.file.name),
        el('div', { class: 'meta' }, el('progress', { max: '1', 'aria-label': t.sending }), el('bdi', { class: 'state' }), retry, remove));
    });
    const [progress, label, retry] = node.lastChild.children;
    node.dataset.state = upload.failed ? 'failed' : 'sending';
    progress.hidden = Boolean(upload.failed);
    retry.hidden = !upload.failed;
    progress.value = upload.part;
    label.textContent = upload.failed ? `${t.failed} · ${upload.failed}` : upload.request ? t.sending : t.waiting;
    return node;
  }

  /** What the customer thinks of a chat that is solved: a mark, then, if they like, a word. @param {number} given 0: nothing yet */
  #ratingNode(given) {
    const t = this.texts;
    const node = this.#node('rating', () => {
      const marks = t.marks.map((word, i) => {
        const button = el('button', { type: 'button', title: word, 'aria-label': `${i + 1}/5 ${word}`, 'data-testid': `mark-${i + 1}` }, '★');
        button.addEventListener('click', () => this.#rate(i + 1));
        return button;
      });
      const comment = el('input', { 'aria-label': t.comment, placeholder: t.comment, maxlength: '500', dir: 'auto', 'data-testid': 'comment' });
      const why = el('form', { class: 'why' }, comment, el('button', { type: 'submit' }, t.send));
      why.addEventListener('submit', (event) => { event.preventDefault(); if (comment.value.trim()) this.#rate(this.rating, comment.value.trim()); });
      return el('fieldset', { class: 'rating', 'data-testid': 'rating' }, el('legend', {}, t.rate),
        el('div', { class: 'marks' }, ...marks), el('p', { role: 'status' }), why);
    });
    const [, marks, said, why] = node.children;
    [...marks.children].forEach((button, i) => {
      button.classList.toggle('given', i < given);
      button.setAttribute('aria-pressed', String(i + 1 === given));
    });
    why.hidden = !given || this.commented;
    said.textContent = this.ratingFailed || (this.commented ? t.commented : given ? fill(t.thanks, String(given)) : '');
    return node;
  }

  /** Tell the server; what it did not take is shown, and can be pressed again. */
  async #rate(rating, comment) {
    const before = this.rating;
    this.rating = rating;
    this.ratingFailed = '';
    this.#draw();
    try {
      await this.#api('POST', '/rating', { rating, comment: comment ?? this.saidWhy });
      if (comment) { this.saidWhy = comment; this.commented = true; }
    } catch (error) {
      this.rating = before;
      this.ratingFailed = error.message || this.texts.failed;
    }
    this.#draw();
  }

  #node(key, make) {
    let node = this.nodes.get(key);
    if (!node) {
      this.nodes.set(key, node = make());
      if (this.log.ariaBusy !== 'true') node.dataset.fresh = '';  // comes in with an animation
    }
    return node;
  }

  /** A button below a message which the server refused: send it again, or take its text back into the input. */
  #action(name, item) {
    const button = el('button', { type: 'button', 'data-testid': name }, this.texts[name]);
    button.addEventListener('click', () => {
      if (name === 'retry') return this.#queue({ id: item.id, at: item.at, text: item.text });
      this.store.remove(`unsent ${item.id}`);
      this.items.delete(item.id);
      this.input.value = [this.input.value, item.text].filter(Boolean).join('\n');
      this.#measure();
      this.input.focus();
      this.#draw();
    });
    return button;
  }

  #state(item) {
    if (item.from !== 'customer') return 'received';
    if (!item.seq) return item.failed ? 'failed' : 'sending';
    return item.seq < this.lastAgent ? 'answered' : item.seq <= this.delivered ? 'delivered' : 'sent';
  }

  // ---- data -------------------------------------------------------------------------------------------------------

  /** Start the history anew: the one on screen belongs to another visitor. Unsent messages stay. */
  #forget() {
    for (const item of this.items.values()) if (item.seq) this.items.delete(item.id);
    this.cursor = this.delivered = this.lastAgent = 0;
    this.receipt = { delivered: 0, read: 0 };
    this.#showRating(null);
  }

  #adopt(visitor) {
    if (visitor === this.owner) return;
    this.owner = visitor;
    this.#forget();
    this.streaming?.abort();
    this.#wake();
    this.#draw();
  }

  /** @param {Item} item */
  #put(item) {
    const known = this.items.get(item.id);
    if (known?.seq && !item.seq) return;
    if (item.seq && item.from === 'customer') this.store.remove(`unsent ${item.id}`);
    if (item.from !== 'customer') {
      this.lastAgent = Math.max(this.lastAgent, item.seq);
      if (!known && !this.atBottom) this.unseen = true;
      if (!known) this.typing.hidden = true;
    }
    this.items.set(item.id, item);
    this.#draw();
  }

  /** A message as the server tells it; anything which is not one is passed over. */
  #receive(message) {
    if (typeof message?.id !== 'string' || !(message.seq > 0)) return;
    const { id, seq, from, name, edited } = message;
    this.#put({ id, seq, from, name, edited: edited === true, at: Number(message.at) || Date.now(), text: String(message.text ?? '') });
    this.cursor = Math.max(this.cursor, seq);
  }

  #event(name, data) {
    let value;
    try { value = JSON.parse(data); } catch { return; }
    if (name === 'message') this.#receive(value);
    if (name === 'typing') this.#showTyping(value?.name, Number(value?.until));
    if (name === 'state') this.#opened(value?.delivered);
    if (name === 'queue') this.#showQueue(value);
    if (name === 'rating') this.#showRating(value);
  }

  /** The place in the queue and the wait, while nobody has the chat. @param {{ahead: number, left_low: number, left_high: number}?} told */
  #showQueue(told) {
    const t = this.texts, minutes = (seconds) => Math.max(1, Math.ceil(Number(seconds) / 60));
    this.queue.hidden = !told;
    if (!told) return;
    const [low, high] = [minutes(told.left_low), minutes(told.left_high)];
    const wait = !(told.left_high > 0) ? t.soon : fill(t.about, low === high ? String(low) : `${low}–${high}`);
    this.queue.textContent = `${told.ahead > 0 ? fill(t.ahead, String(told.ahead)) : t.next} · ${wait}`;
  }

  /** Whether the last chat may be rated, and how it was. @param {{given: number}?} told */
  #showRating(told) {
    const rating = told ? Number(told.given) : null;
    if (rating === this.rating) return;
    if (rating === null) { this.saidWhy = this.ratingFailed = ''; this.commented = false; this.nodes.delete('rating'); }
    this.rating = rating;
    if (this.log) this.#draw();
  }

  #opened(seq) {
    if (seq > this.delivered) { this.delivered = seq; this.#draw(); }
  }

  /** The clocks of server and page may differ, so the time is held between 2 and 10 seconds. */
  #showTyping(name, until) {
    clearTimeout(this.typingTimer);
    this.typing.hidden = !(until > 0);
    this.typist.textContent = fill(this.texts.typing, String(name || this.texts.support));
    this.typingTimer = setTimeout(() => { this.typing.hidden = true; }, Math.min(Math.max(until - Date.now(), 2000), 10_000));
    if (this.atBottom) this.#toBottom();
  }

  /** @returns {Unsent[]} every message not yet taken by the server, oldest first; shared by the tabs of this visitor */
  #outbox() {
    return this.store.keys().filter((key) => key.startsWith('unsent '))
      .map((key) => JSON.parse(this.store.get(key) ?? 'null')).filter(Boolean).sort((a, b) => a.at - b.at);
  }

  /** @param {Unsent} unsent */
  #queue(unsent) {
    this.store.set(`unsent ${unsent.id}`, JSON.stringify(unsent));
    this.#put({ ...unsent, seq: 0, from: 'customer' });
    this.#wake();
    this.#flush();
  }

  /** Another tab has written to the storage. */
  #otherTab({ key, newValue }) {
    if (key === `${this.store.prefix}visitor`) this.#adopt(newValue);
    const [, id] = key?.split(`${this.store.prefix}unsent `) ?? [];
    if (!id) return;
    if (newValue) { this.#put({ ...JSON.parse(newValue), seq: 0, from: 'customer' }); this.#flush(); }
    else if (this.items.get(id)?.failed) this.items.delete(id);
    this.#draw();
  }

  #submit() {
    const text = this.input.value.trim();
    if (!text) return;
    if (characters(text) > LIMIT) return this.#say(this.tooLong);
    this.lastAt = Math.max(Date.now(), (this.lastAt ?? 0) + 1);
    this.input.value = '';
    this.#measure();
    this.atBottom = true;
    this.#queue({ id: uuid(), at: this.lastAt, text: text.toWellFormed?.() ?? text });
    this.input.focus();
  }

  // ---- network ----------------------------------------------------------------------------------------------------

  /** Wait; ended early by #wake() unless it is a wait which the server asked for. */
  #sleep(ms, early = true) {
    return new Promise((done) => {
      const finish = () => { clearTimeout(timer); this.sleepers.delete(finish); done(undefined); };
      const timer = ms < Infinity ? setTimeout(finish, ms) : 0;
      if (early) this.sleepers.add(finish);
    });
  }

  #wake() { for (const finish of [...this.sleepers]) finish(); }

  #fetch(method, path, body, signal, token = this.store.get('visitor')) {
    const headers = { 'Accept-Language': this.language };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers['Content-Type'] = 'application/json';
    return fetch(this.base + path, { method, headers, signal, body: body && JSON.stringify(body), credentials: 'omit', cache: 'no-store' });
  }

  /** One request with a JSON reply; throws an ApiError. */
  async #api(method, path, body, timeout = 20_000) {
    const token = this.store.get('visitor');
    let reply, result;
    try {
      reply = await this.#fetch(method, path, body, AbortSignal.timeout(timeout), token);
      result = reply.ok ? JSON.parse(await reply.text() || '{}') : await ApiError.from(reply);
    } catch {
      result = new ApiError(0);
    }
    const failed = result instanceof ApiError;
    this.unreachable = failed && result.unreachable;
    this.#refresh();
    if (!failed) return result;
    if (result.status === 401) this.#expired(token);
    throw result;
  }

  /** The server does not know this token any more (and no newer one has taken its place). */
  #expired(token) {
    if (!token || this.store.get('visitor') !== token) return;
    this.store.remove('visitor');
    this.#adopt(null);
    this.#say(this.texts.expired);
  }

  /** Title, greeting and whether somebody is there; tried until the server answers. */
  async #loadInbox(full) {
    if (this.loading) return;
    this.loading = true;
    const { signal } = this.life;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.#showInbox(await this.#api('GET', ''), full);
        this.gone = false;
        break;
      } catch (error) {
        this.gone = error.status === 404;
        if (this.gone) break;
        await this.#sleep(error.retryAfter ?? backoff(attempt), !error.retryAfter);
      }
    }
    if (this.life.signal === signal) this.loading = false;
    this.#refresh();
  }

  #showInbox(inbox, full) {
    const say = (texts) => typeof texts === 'string' ? texts : texts?.[this.language] ?? texts?.en ?? texts?.zh;
    const title = say(inbox.title) || this.texts.support;
    this.heading.textContent = title;
    this.logo.textContent = [...title][0];
    this.status.textContent = inbox.online ? this.texts.online : this.texts.away;
    this.status.classList.toggle('online', Boolean(inbox.online));
    this.greeting.firstChild.textContent = say(inbox.greeting) || this.texts.hello;
    this.greeting.hidden = false;
    this.largest = Number(inbox.file_bytes) || 0;
    this.attach.hidden = !this.largest;
    if (full) { document.title = title; document.documentElement.lang = this.language; }
    this.#draw();
  }

  /** Send what is unsent until nothing is left. */
  async #flush() {
    if (this.flushing) return;
    this.flushing = true;
    const { signal } = this.life;
    for (let attempt = 0; !signal.aborted && this.#outbox().some((unsent) => !unsent.failed);) {
      const error = await this.#alone(() => this.#sendAll());
      this.waiting = Boolean(error);
      this.#draw();
      if (error) await this.#sleep(error.retryAfter ?? backoff(attempt++), !error.retryAfter);
      else attempt = 0;
    }
    if (this.life.signal === signal) this.flushing = false;
  }

  /** Run while no other tab of this visitor does. A tab frozen with the lock is not waited for: ids keep this idempotent. */
  async #alone(act) {
    let begun = false;
    const task = () => { begun = true; return act(); };
    try {
      return navigator.locks ? await navigator.locks.request(`${this.store.prefix}send`, { signal: AbortSignal.timeout(25_000) }, task)
        : await task();
    } catch (error) {
      if (begun) throw error;
      return act();
    }
  }

  /** @returns {Promise<ApiError | undefined>} the reason to try again later */
  async #sendAll() {
    for (const unsent of this.#outbox()) {
      if (unsent.failed) continue;
      try {
        await this.#session();
        const { id, text } = unsent;
        const { seq, at } = await this.#api('POST', '/messages', { id, text });
        if (!(seq > 0)) throw new ApiError(0);
        this.waiting = false;
        this.#put({ id, text, seq, at: at || unsent.at, from: 'customer' });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.transient) return error;
        unsent.failed = error.message;
        this.store.set(`unsent ${unsent.id}`, JSON.stringify(unsent));
        this.#put({ ...unsent, seq: 0, from: 'customer' });
      }
    }
  }

  /** Be known to the server. */
  async #session() {
    if (this.store.get('visitor')) return;
    const { visitor } = await this.#api('POST', '/session', { language: this.language });
    if (!visitor) throw new ApiError(0);
    this.store.set('visitor', visitor);
    this.#adopt(visitor);
  }

  /** Send these files, each as a message of its own. @param {FileList} files */
  #attach(files) {
    if (!this.largest) return;
    for (const file of files) {
      const most = (this.largest / 1_048_576).toLocaleString(this.locale, { maximumFractionDigits: 1 });
      if (file.size > this.largest) { this.#say(fill(fill(this.texts.big, file.name), most)); continue; }
      const id = uuid();
      this.lastAt = Math.max(Date.now(), (this.lastAt ?? 0) + 1);
      this.uploads.set(id, { id, at: this.lastAt, file, part: 0 });
    }
    this.atBottom = true;
    this.#draw();
    this.#upload();
  }

  /** One after the other, until none is left that can be sent. What is cut short is sent again under its id: taken once. */
  async #upload() {
    if (this.uploading) return;
    this.uploading = true;
    const { signal } = this.life, next = () => [...this.uploads.values()].find((upload) => !upload.failed);
    for (let attempt = 0, upload; !signal.aborted && (upload = next());) {
      try {
        await upload.file.slice(0, 1).arrayBuffer().catch(() => { throw new ApiError(400, this.texts.unreadable); });  // a folder, say
        await this.#alone(() => this.#session());
        const { address } = await this.#post(upload);
        if (!this.uploads.has(upload.id)) continue;
        this.#uploaded(upload);
        this.#queue({ id: upload.id, at: upload.at, text: address });
        attempt = 0;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        upload.request = undefined;
        upload.part = 0;
        if (!error.transient || error.status === 429) upload.failed = error.message;  // an hour's worth is not waited for
        this.#draw();
        if (!upload.failed && this.uploads.has(upload.id)) await this.#sleep(error.retryAfter ?? backoff(attempt++));
      }
    }
    if (this.life.signal === signal) this.uploading = false;
  }

  #uploaded({ id }) {
    this.uploads.delete(id);
    this.nodes.delete(`file ${id}`);
    this.#draw();
  }

  /** fetch() tells nothing of how far a body is. @param {Upload} upload @returns {Promise<{address: string}>} */
  #post(upload) {
    const { file, id } = upload, token = this.store.get('visitor'), request = upload.request = new XMLHttpRequest();
    return new Promise((done, fail) => {
      request.open('POST', `${this.base}/files?${new URLSearchParams({ id, name: file.name })}`);
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.setRequestHeader('Accept-Language', this.language);
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.timeout = 300_000;
      request.upload.onprogress = ({ loaded, total }) => { upload.part = total && loaded / total; this.#draw(); };
      request.onloadend = async () => {
        const { status } = request, answered = status >= 200 && new Response(request.responseText, { status,
          headers: { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' } });
        this.unreachable = [0, 502, 503, 504].includes(status) && this.uploads.has(id);
        this.#refresh();
        if (status === 401) this.#expired(token);
        if (answered && answered.ok) return done(await answered.json().catch(() => fail(new ApiError(0))));
        fail(answered ? await ApiError.from(answered) : new ApiError(0));
      };
      request.send(file);
      this.#draw();
    });
  }

  /** Follow the conversation: catch up, then read the stream, or poll where streams do not get through. */
  async #listen(signal) {
    let attempt = 0, misses = 0, pollUntil = 0;
    while (!signal.aborted) {
      if (!this.store.get('visitor')) { await this.#sleep(Infinity); continue; }
      const began = Date.now(), polling = began < pollUntil;
      try {
        const news = await this.#catchUp(polling ? 20 : 0);
        this.log.setAttribute('aria-busy', 'false');
        if (polling) {
          attempt = 0;
          if (!news && Date.now() - began < 5000) await this.#sleep(5000);  // a server which does not hold polls
          continue;
        }
        const outcome = await this.#stream();
        misses = outcome === 'worked' ? 0 : misses + 1;
        if (outcome === 'silent' || misses > 2) { pollUntil = Date.now() + 300_000; misses = 0; continue; }
        if (Date.now() - began > 10_000) attempt = 0;
        await this.#sleep(backoff(attempt++));
      } catch (error) {
        await this.#sleep(error.retryAfter ?? backoff(attempt++), !error.retryAfter);
      }
    }
  }

  /** Read every message after the cursor. @returns {Promise<number>} how many came */
  async #catchUp(wait) {
    const { owner } = this;
    for (let count = 0; ; wait = 0) {
      const before = this.cursor;
      const page = await this.#api('GET', `/messages?after=${before}&limit=200${wait ? `&wait=${wait}` : ''}`, undefined, 40_000);
      if (this.owner !== owner) return count;
      for (const message of page.messages ?? []) this.#receive(message);
      this.cursor = Math.max(this.cursor, Number(page.cursor) || 0);
      this.#opened(page.delivered);
      this.#showQueue(page.queue);
      this.#showRating(page.rating);
      count += page.messages?.length ?? 0;
      if (!page.more || this.cursor === before) return count;
    }
  }

  /** @returns {Promise<'worked' | 'silent' | 'failed'>} */
  async #stream() {
    const stop = this.streaming = new AbortController();
    const quit = (reason) => () => stop.abort(reason);
    let worked = false, timer = setTimeout(quit('silent'), 10_000);
    const alive = () => { worked = true; this.heard = Date.now(); clearTimeout(timer); timer = setTimeout(quit('dead'), 45_000); };
    const token = this.store.get('visitor');
    try {
      const reply = await this.#fetch('GET', `/stream?after=${this.cursor}`, undefined, stop.signal, token);
      if (reply.status === 401) this.#expired(token);
      if (!reply.ok || !reply.body) throw await ApiError.from(reply);
      for await (const { event, data } of events(reply.body, alive)) if (!stop.signal.aborted) this.#event(event, data);
    } catch (error) {
      if (error.retryAfter) await this.#sleep(error.retryAfter, false);
    } finally {
      clearTimeout(timer);
    }
    return worked || (stop.signal.aborted && stop.signal.reason !== 'silent') ? 'worked' : stop.signal.aborted ? 'silent' : 'failed';
  }

  /** Tell the server what has come and, if it is before the reader's eyes, what has been read. Only growth, once a second. */
  #receipt() {
    const read = document.visibilityState === 'visible' && this.inView && this.atBottom ? this.lastAgent : this.receipt.read;
    const grown = this.lastAgent > this.receipt.delivered || read > this.receipt.read;
    if (!grown || this.receiptTimer || !this.owner) return;
    const next = { delivered: this.lastAgent, read: Math.max(read, this.receipt.read) }, { owner, life } = this;
    this.receiptTimer = setTimeout(async () => {
      try {
        await this.#api('POST', '/receipt', next);
        if (this.owner === owner) this.receipt = next;
      } catch (error) {
        if (error.transient) await this.#sleep(error.retryAfter ?? 5000); else this.receipt = next;
      }
      this.receiptTimer = 0;
      if (!life.signal.aborted) this.#receipt();
    }, 1000);
  }

  #sayTyping() {
    if (!this.owner || !this.input.value || Date.now() - this.typedAt < 3000) return;
    this.typedAt = Date.now();
    this.#api('POST', '/typing', {}).catch(() => {});
  }
}

if (!customElements.get('support-chat')) customElements.define('support-chat', SupportChat);
