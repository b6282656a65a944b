// noVNC's client, with bounds: a machine is not trusted, and what it sends must neither fill the page's memory nor stop it.
import RFB from "../../vendor/novnc/core/rfb.js";
import { encodings } from "../../vendor/novnc/core/encodings.js";

// 8K; what a browser's canvas can surely be.
const MOST_SIDE = 8192;
const MOST_PIXELS = 7680 * 4320;
const MOST_POINTER = 256;
// In ten seconds: a window that is dragged asks for ten sizes each second, and each is painted anew.
const SIZES_MS = 10000;
const MOST_SIZES = 150;
const MOST_REPAINTED = 20 * MOST_PIXELS;
const POINTERS = new Set([encodings.pseudoEncodingCursor, encodings.pseudoEncodingVMwareCursor]);
const NO_PICTURE = new Set([
  ...POINTERS, encodings.pseudoEncodingLastRect, encodings.pseudoEncodingQEMUExtendedKeyEvent, encodings.pseudoEncodingDesktopName,
  encodings.pseudoEncodingDesktopSize, encodings.pseudoEncodingExtendedDesktopSize, encodings.pseudoEncodingExtendedMouseButtons,
  encodings.pseudoEncodingQEMULedEvent,
]);

class Hostile extends Error {}

export class Screen extends RFB {
  // `refused(words)`: the machine sent what cannot be shown, and the connection is over.
  constructor(target, socket, refused) {
    super(target, socket, { shared: true });
    this._refused = refused;
    this._over = false;
    this._sizes = [];
    this.heard = Date.now();
    const take = socket.onmessage;
    socket.onmessage = (event) => {
      this.heard = Date.now();
      if (typeof event.data !== "string") this._guarded(() => take(event));
    };
    // The portal's machines never ask: a question for a password here would be somebody's trap.
    ["credentialsrequired", "serververification"].forEach((name) => this.addEventListener(name, () => this._refuse("It asks for a password. Desktops of the portal never do.")));
  }

  _handleMessage() {
    this._guarded(() => super._handleMessage());
  }

  _guarded(act) {
    if (this._over) return;
    try {
      act();
    } catch (error) {
      this._refuse(error instanceof Hostile ? error.message : "It sent what is no picture of a screen.");
    }
  }

  _refuse(words) {
    if (this._over) return;
    this._over = true;
    if (this._rfbConnectionState !== "disconnected") this.disconnect();
    this._refused(words);
  }

  // What noVNC itself gives up on. A line that was closed is another matter: it may come back.
  _fail(details) {
    const spoke = this._sock.readyState === "open";
    super._fail(details);
    if (spoke) this._refuse("It sent what is no picture of a screen.");
    return false;
  }

  _resize(width, height) {
    if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE || width * height > MOST_PIXELS) {
      throw new Hostile(`It says that its screen has ${width} × ${height} points.`);
    }
    const now = Date.now();
    this._sizes = [...this._sizes.filter(({ at }) => now - at < SIZES_MS), { at: now, points: width * height }];
    const points = this._sizes.reduce((sum, one) => sum + one.points, 0);
    if (this._sizes.length > MOST_SIZES || points > MOST_REPAINTED) throw new Hostile("Its screen changes its size without end.");
    super._resize(width, height);
  }

  // Whole points: a screen is never half a point larger, and would be asked for again and again.
  _screenSize() {
    const { w, h } = super._screenSize();
    return { w: Math.floor(w), h: Math.floor(h) };
  }

  _handleRect() {
    const { x, y, width, height, encoding } = this._FBU;
    if (POINTERS.has(encoding) && (width > MOST_POINTER || height > MOST_POINTER)) throw new Hostile("Its pointer is larger than a pointer is.");
    if (!NO_PICTURE.has(encoding) && (x + width > this._fbWidth || y + height > this._fbHeight)) throw new Hostile("It paints outside its screen.");
    return super._handleRect();
  }

  get over() { return this._over; }

  get size() { return { width: this._fbWidth, height: this._fbHeight }; }

  get canvas() { return this._canvas; }

  // Asks for one point of the picture: a machine that lives answers.
  probe() {
    RFB.messages.fbUpdateRequest(this._sock, false, 0, 0, 1, 1);
  }

  // Lets go of every key that is held, as if the person had.
  letGo() {
    this._keyboard._allKeysUp();
    this.blur();
  }
}
