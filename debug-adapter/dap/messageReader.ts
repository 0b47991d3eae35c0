/** Receives the messages and errors of a MessageReader. */
export interface MessageHandler {
  message(text: string, lengthBytes: number): void;
  tooLarge(lengthBytes: number): void;
  /** Called if a header is longer than the maximum, which means that the stream is not DAP. */
  notDap(): void;
}

/** Far larger than the largest valid message, which is a memory write of 1 MiB, encoded in base64. */
export const MESSAGE_BYTES_MAX = 16 << 20;
export const HEADER_BYTES_MAX = 4096;
/** The character codes of `\r\n\r\n`. */
const HEADER_END = [13, 10, 13, 10];

/**
 * Splits a byte stream into messages by their `Content-Length`. It buffers at most one message of the maximum size. If
 * a header is too long or specifies a larger message, the reader reports an error and stops reading.
 */
export class MessageReader {
  private user: MessageHandler;
  private header: Uint8Array = new Uint8Array();
  private body: Uint8Array[] = [];
  /** The number of bytes of the current message that have not arrived yet. */
  private missingBytes = 0;
  private lengthBytes: number | undefined;
  private isOver = false;
  /**
   * With `ignoreBOM`, the decoder does not remove a byte order mark, so a message with one is invalid JSON and is
   * rejected.
   */
  private decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(user: MessageHandler) {
    this.user = user;
  }

  read(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0 && !this.isOver;) {
      rest = this.lengthBytes === undefined ? this.readHeader(rest) : this.readBody(rest, this.lengthBytes);
    }
  }

  /** Reads part of a header. Like `readBody`, it returns the bytes after this part. */
  private readHeader(bytes: Uint8Array): Uint8Array {
    const before = this.header.length;
    const header = concatenated([this.header, bytes.subarray(0, HEADER_BYTES_MAX + HEADER_END.length - before)]);
    const end = endOfHeader(header, Math.max(0, before - HEADER_END.length + 1));
    if (end < 0) {
      this.header = header;
      if (header.length > HEADER_BYTES_MAX) this.end(() => this.user.notDap());
      return bytes.subarray(header.length - before);
    }
    this.header = new Uint8Array();
    const lengthBytes = lengthIn(String.fromCharCode(...header.subarray(0, end)));
    if (lengthBytes !== undefined && lengthBytes > MESSAGE_BYTES_MAX) this.end(() => this.user.tooLarge(lengthBytes));
    // A header without a length is ignored, and so is an empty message.
    if (lengthBytes) {
      this.lengthBytes = lengthBytes;
      this.missingBytes = lengthBytes;
    }
    return bytes.subarray(end + HEADER_END.length - before);
  }

  private readBody(bytes: Uint8Array, lengthBytes: number): Uint8Array {
    const part = bytes.subarray(0, this.missingBytes);
    this.body.push(part);
    this.missingBytes -= part.length;
    if (this.missingBytes === 0) {
      const text = this.decoder.decode(concatenated(this.body));
      this.body = [];
      this.lengthBytes = undefined;
      this.user.message(text, lengthBytes);
    }
    return bytes.subarray(part.length);
  }

  private end(notify: () => void): void {
    this.isOver = true;
    this.header = new Uint8Array();
    notify();
  }
}

/** The offset of the empty line that ends a header; -1 if it has not arrived yet. */
function endOfHeader(header: Uint8Array, from: number): number {
  for (let at = from; at + HEADER_END.length <= header.length; at++) {
    if (HEADER_END.every((code, i) => header[at + i] === code)) return at;
  }
  return -1;
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

function lengthIn(header: string): number | undefined {
  const match = /^Content-Length: *(\d+)\s*$/im.exec(header);
  return match ? Number(match[1]) : undefined;
}
