/** Receives the messages and errors of a MessageReader. */
export interface MessageHandler {
  message(text: string, lengthBytes: number): void;
  tooLarge(lengthBytes: number): void;
  /** A header exceeds the maximum length, so the stream is not DAP. */
  notDap(): void;
}

/** The largest valid message is a memory write of 1 MiB, in base64. */
export const MESSAGE_BYTES_MAX = 16 << 20;
export const HEADER_BYTES_MAX = 4096;
const HEADER_END = Buffer.from('\r\n\r\n');

/**
 * Splits a byte stream into messages by their `Content-Length`. It buffers at most one message of the maximum size. If
 * a header is too long or specifies a larger message, the reader reports an error and stops reading.
 */
export class MessageReader {
  private user: MessageHandler;
  private header: Buffer = Buffer.alloc(0);
  private body: Buffer[] = [];
  /** The number of bytes in the current message that have not yet arrived. */
  private missingBytes = 0;
  private lengthBytes: number | undefined;
  private isOver = false;

  constructor(user: MessageHandler) {
    this.user = user;
  }

  read(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0 && !this.isOver;) {
      rest = this.lengthBytes === undefined ? this.readHeader(rest) : this.readBody(rest, this.lengthBytes);
    }
  }

  /** Reads part of a header. Like `readBody`, it returns the bytes after this part. */
  private readHeader(bytes: Buffer): Buffer {
    const before = this.header.length;
    const header = Buffer.concat([this.header, bytes.subarray(0, HEADER_BYTES_MAX + HEADER_END.length - before)]);
    const end = header.indexOf(HEADER_END);
    if (end < 0) {
      this.header = header;
      if (header.length > HEADER_BYTES_MAX) this.end(() => this.user.notDap());
      return bytes.subarray(header.length - before);
    }
    this.header = Buffer.alloc(0);
    const lengthBytes = lengthIn(header.toString('latin1', 0, end));
    if (lengthBytes !== undefined && lengthBytes > MESSAGE_BYTES_MAX) this.end(() => this.user.tooLarge(lengthBytes));
    // A header without a length is ignored, and so is an empty message.
    if (lengthBytes) {
      this.lengthBytes = lengthBytes;
      this.missingBytes = lengthBytes;
    }
    return bytes.subarray(end + HEADER_END.length - before);
  }

  private readBody(bytes: Buffer, lengthBytes: number): Buffer {
    const part = bytes.subarray(0, this.missingBytes);
    this.body.push(part);
    this.missingBytes -= part.length;
    if (this.missingBytes === 0) {
      const text = Buffer.concat(this.body).toString('utf8');
      this.body = [];
      this.lengthBytes = undefined;
      this.user.message(text, lengthBytes);
    }
    return bytes.subarray(part.length);
  }

  private end(notify: () => void): void {
    this.isOver = true;
    this.header = Buffer.alloc(0);
    notify();
  }
}

function lengthIn(header: string): number | undefined {
  const match = /^Content-Length: *(\d+)\s*$/im.exec(header);
  return match ? Number(match[1]) : undefined;
}
