/** An event decoded from the bytes on the wire. */
export type WireEvent =
  | { kind: 'packet'; content: string }
  /** A packet with a wrong checksum, or one that is longer than the maximum. */
  | { kind: 'damaged' }
  | { kind: 'acknowledged'; well: boolean }
  /** Ctrl-C: a byte between packets while the target is running. */
  | { kind: 'interrupt' }
  /** The peer is not gdb. No event follows, because reading ends. */
  | { kind: 'foreign' };

/** The value of `PacketSize`: the maximum length of a packet's content, in both directions. */
export const PACKET_BYTES_MAX = 0x4000;

const START = 0x24; // $
const END = 0x23; // #
const ESCAPE = 0x7d; // }
const ESCAPE_FLIP = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 0x03;
// `set remote interrupt-sequence BREAK` sends telnet's IAC and BREAK (ser_tcp_send_break in gdb's ser-tcp.c).
const TELNET_ESCAPE = 0xff;
const TELNET_BREAK = 0xf3;
const WRITE_BINARY = 0x58; // X
/** Text that occurs in HTTP request lines, in status lines and in the HTTP/2 preface. */
const HTTP = Uint8Array.from('http/', (character) => character.charCodeAt(0));
const LOWER_CASE = 0x20;

/**
 * The lowest layer of the GDB remote protocol (gdb manual, appendix E, "Overview"): decodes bytes into packets,
 * acknowledgments and interrupts. It never fails: a packet with a wrong checksum is reported as damaged, so that the
 * caller can request it again. Reading ends at a byte that the protocol does not allow between packets. It also ends at
 * HTTP text, wherever it occurs: a web page can send arbitrary bytes to a port, but always sends an HTTP header
 * first. Packet contents are Latin-1 strings, one character per byte.
 */
export class PacketReader {
  /** The bytes of the current packet after the `$`, still escaped. */
  private bytes: number[] | undefined;
  /** The digits of the checksum; undefined before the `#`. */
  private digits: string | undefined;
  private isAfterTelnetEscape = false;
  private isForeign = false;
  /**
   * How many characters of `http/` the most recent bytes match, and whether the current packet contains all of `http/`.
   */
  private httpMatched = 0;
  private hasHttp = false;

  read(bytes: Uint8Array): WireEvent[] {
    const events: WireEvent[] = [];
    for (const byte of bytes) {
      if (this.isForeign) break;
      const event = this.bytes === undefined ? this.readBetween(byte) : this.readInside(this.bytes, byte);
      if (event) events.push(event);
    }
    return events;
  }

  private readBetween(byte: number): WireEvent | undefined {
    if (this.isAfterTelnetEscape) {
      this.isAfterTelnetEscape = false;
      return byte === TELNET_BREAK ? { kind: 'interrupt' } : this.foreign();
    }
    switch (byte) {
      case START:
        this.beginPacket();
        return undefined;
      case PLUS:
      case MINUS:
        return { kind: 'acknowledged', well: byte === PLUS };
      case INTERRUPT:
        return { kind: 'interrupt' };
      case TELNET_ESCAPE:
        this.isAfterTelnetEscape = true;
        return undefined;
      default:
        return this.foreign();
    }
  }

  private beginPacket(): void {
    this.bytes = [];
    this.digits = undefined;
    this.httpMatched = 0;
    this.hasHttp = false;
  }

  private readInside(bytes: number[], byte: number): WireEvent | undefined {
    if (this.digits !== undefined) {
      this.digits += String.fromCharCode(byte);
      return this.digits.length === 2 ? this.endPacket(bytes, this.digits) : undefined;
    }
    this.matchHttp(byte);
    // The only packet that can contain these bytes by chance is a binary memory write.
    if (this.hasHttp && bytes[0] !== WRITE_BINARY) return this.foreign();
    if (byte === END) this.digits = '';
    else if (byte !== START) {
      if (bytes.length <= 2 * PACKET_BYTES_MAX) bytes.push(byte);
    }
    // A new packet starts here and the previous one is incomplete, because `$` is always escaped inside a packet.
    else if (this.hasHttp) return this.foreign();
    else this.beginPacket();
    return undefined;
  }

  private endPacket(bytes: number[], digits: string): WireEvent {
    this.bytes = undefined;
    const isRight = /^[0-9a-fA-F]{2}$/.test(digits) && parseInt(digits, 16) === checksum(bytes);
    const content = isRight ? unescape(bytes) : undefined;
    if (content !== undefined && content.length <= PACKET_BYTES_MAX) return { kind: 'packet', content };
    return this.hasHttp ? this.foreign() : { kind: 'damaged' };
  }

  private matchHttp(byte: number): void {
    const letter = byte | LOWER_CASE;
    // The letter `h` occurs only once in `http/`, so after a mismatch only the current byte can start a new match.
    this.httpMatched = letter === HTTP[this.httpMatched] ? this.httpMatched + 1 : letter === HTTP[0] ? 1 : 0;
    if (this.httpMatched < HTTP.length) return;
    this.httpMatched = 0;
    this.hasHttp = true;
  }

  private foreign(): WireEvent {
    this.isForeign = true;
    this.bytes = undefined;
    return { kind: 'foreign' };
  }
}

/** Encodes a reply for the wire. */
export function encodePacket(content: string): Uint8Array {
  const bytes = [...content].map((character) => character.charCodeAt(0) & 0xff);
  const sum = checksum(bytes).toString(16).padStart(2, '0');
  return Uint8Array.from([START, ...bytes, END, sum.charCodeAt(0), sum.charCodeAt(1)]);
}

/**
 * Escapes the four characters that have a special meaning in the protocol. Used for replies that are not hexadecimal.
 */
export function escapeBinary(text: string): string {
  return text.replace(/[#$}*]/g, (found) => '}' + String.fromCharCode(found.charCodeAt(0) ^ ESCAPE_FLIP));
}

export const ACKNOWLEDGE = Uint8Array.of(PLUS);
export const REQUEST_RESEND = Uint8Array.of(MINUS);

/** Decodes the escape sequences in a packet's content; undefined if the content ends within an escape sequence. */
function unescape(bytes: readonly number[]): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const isEscaped = bytes[i] === ESCAPE;
    if (isEscaped && ++i === bytes.length) return undefined;
    text += String.fromCharCode(isEscaped ? bytes[i] ^ ESCAPE_FLIP : bytes[i]);
  }
  return text;
}

function checksum(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);
}
