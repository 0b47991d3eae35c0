import { crc32, deflateSync, inflateSync } from 'node:zlib';

/**
 * Reads screenshots and writes images for the documentation, as PNG files with a palette; several frames make an
 * animated PNG, which browsers, GitHub and VS Code show. The format is so simple that no package is needed.
 * Specification: "Portable Network Graphics (PNG) Specification (Third Edition)", https://www.w3.org/TR/png-3/.
 */
export interface Image {
  width: number;
  height: number;
  /** Three bytes per pixel: red, green, blue. */
  rgb: Uint8Array;
}

/** Decodes a screenshot: 8 bits per channel, with or without alpha, not interlaced. */
export function decodePng(file: Uint8Array): Image {
  const bytes = Buffer.from(file);
  const data: Buffer[] = [];
  for (let at = SIGNATURE.length; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const [depth, colorType, interlace] = [bytes[24], bytes[25], bytes[28]];
  const channels = { 2: 3, 6: 4 }[colorType];
  if (depth !== 8 || channels === undefined || interlace !== 0)
    throw new Error('not a screenshot: unexpected PNG format');
  const rows = unfilter(inflateSync(Buffer.concat(data)), { height, rowBytes: width * channels, channels });
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgb[pixel * 3 + channel] = rows[pixel * channels + channel];
  }
  return { width, height, rgb };
}

/** PNG specification, section 9: each row starts with its filter type. */
function unfilter(
  filtered: Uint8Array,
  { height, rowBytes, channels }: { height: number; rowBytes: number; channels: number },
): Uint8Array {
  const rows = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (rowBytes + 1)];
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x >= channels ? rows[at - channels] : 0;
      const up = y > 0 ? rows[at - rowBytes] : 0;
      const upLeft = x >= channels && y > 0 ? rows[at - rowBytes - channels] : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter];
      rows[at] = filtered[y * (rowBytes + 1) + 1 + x] + predicted;
    }
  }
  return rows;
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [left, up, upLeft].map((value) => Math.abs(estimate - value));
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

export interface Frame {
  image: Image;
  milliseconds: number;
}

/** Encodes one image, or an animation that repeats endlessly. All frames have the same size. */
export function encodePng(frames: readonly Frame[]): Buffer {
  const [{ image: first }] = frames;
  const palette = new Palette(frames.map(({ image }) => image));
  const indexed = frames.map(({ image }) => palette.indexesOf(image));
  const chunks = [chunk('IHDR', header(first))];
  if (frames.length > 1) chunks.push(chunk('acTL', uint32s(frames.length, 0)));
  chunks.push(chunk('PLTE', palette.bytes()), chunk('tRNS', palette.alpha()));
  let sequence = 0;
  for (const [i, { milliseconds }] of frames.entries()) {
    const whole = { left: 0, top: 0, width: first.width, height: first.height };
    const area = i === 0 ? whole : changedArea(indexed[i - 1], indexed[i], first.width);
    const data = deflateSync(rowsOf(indexed[i], indexed[i - 1], area, first.width), { level: 9 });
    if (frames.length > 1) chunks.push(chunk('fcTL', frameControl(sequence++, area, milliseconds)));
    if (i === 0) chunks.push(chunk('IDAT', data));
    else chunks.push(chunk('fdAT', Buffer.concat([uint32s(sequence++), data])));
  }
  return Buffer.concat([SIGNATURE, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const [INDEXED, OVER, KEEP] = [3, 1, 0];

const header = ({ width, height }: Image) =>
  Buffer.concat([uint32s(width, height), Buffer.from([8, INDEXED, 0, 0, 0])]);

interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** "fcTL Frame Control Chunk": the frame is drawn over the preceding one, which is not cleared. */
function frameControl(sequence: number, { left, top, width, height }: Area, milliseconds: number): Buffer {
  const delay = Buffer.alloc(6);
  delay.writeUInt16BE(milliseconds, 0);
  delay.writeUInt16BE(1000, 2);
  delay.set([KEEP, OVER], 4);
  return Buffer.concat([uint32s(sequence, width, height, left, top), delay]);
}

/** The smallest rectangle that contains all changed pixels; one pixel if nothing changed. */
function changedArea(before: Uint8Array, after: Uint8Array, width: number): Area {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let at = 0; at < after.length; at++) {
    if (before[at] === after[at]) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    if (top < 0) top = y;
    bottom = y;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  if (top < 0) return { left: 0, top: 0, width: 1, height: 1 };
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The area's rows, unfiltered, as is usual for palette images. Unchanged pixels are transparent. */
function rowsOf(after: Uint8Array, before: Uint8Array | undefined, area: Area, width: number): Uint8Array {
  const rows = new Uint8Array(area.height * (area.width + 1));
  for (let y = 0; y < area.height; y++) {
    for (let x = 0; x < area.width; x++) {
      const at = (area.top + y) * width + area.left + x;
      rows[y * (area.width + 1) + 1 + x] = before?.[at] === after[at] ? TRANSPARENT : after[at];
    }
  }
  return rows;
}

const COLORS_MAX = 255;
const TRANSPARENT = COLORS_MAX;
/** The number of colors that are kept exactly. They are the most frequent ones: backgrounds and text colors. */
const EXACT_COLORS = 64;
/**
 * Other colors, such as the shades of anti-aliased text, share an entry if their squared distance is less than this.
 */
const SAME_COLOR = 60;

/** Up to 255 colors that all frames share, and a transparent one. */
class Palette {
  private readonly colors: number[] = [];
  private readonly nearest = new Map<number, number>();

  constructor(images: readonly Image[]) {
    const counts = new Map<number, number>();
    for (const { rgb } of images) {
      for (let at = 0; at < rgb.length; at += 3) {
        const color = colorAt(rgb, at);
        counts.set(color, (counts.get(color) ?? 0) + 1);
      }
    }
    for (const [color] of [...counts].sort(([, a], [, b]) => b - a)) {
      if (this.colors.length === COLORS_MAX) break;
      const isNew = this.colors.every((known) => distance(known, color) > SAME_COLOR);
      if (isNew || this.colors.length < EXACT_COLORS) this.colors.push(color);
    }
  }

  indexesOf({ rgb }: Image): Uint8Array {
    return Uint8Array.from({ length: rgb.length / 3 }, (_, pixel) => this.indexOf(colorAt(rgb, pixel * 3)));
  }

  private indexOf(color: number): number {
    let index = this.nearest.get(color);
    if (index === undefined) {
      const distances = this.colors.map((known) => distance(known, color));
      index = distances.indexOf(Math.min(...distances));
      this.nearest.set(color, index);
    }
    return index;
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc((COLORS_MAX + 1) * 3);
    this.colors.forEach((color, i) => bytes.writeUIntBE(color, i * 3, 3));
    return bytes;
  }

  alpha(): Buffer {
    const alpha = Buffer.alloc(COLORS_MAX + 1, 0xff);
    alpha[TRANSPARENT] = 0;
    return alpha;
  }
}

const colorAt = (rgb: Uint8Array, at: number): number => (rgb[at] << 16) | (rgb[at + 1] << 8) | rgb[at + 2];

function distance(a: number, b: number): number {
  const [red, green, blue] = [(a >> 16) - (b >> 16), ((a >> 8) & 255) - ((b >> 8) & 255), (a & 255) - (b & 255)];
  return red * red + green * green + blue * blue;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32s(data.length), body, uint32s(crc32(body))]);
}

function uint32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}
