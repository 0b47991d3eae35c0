import type { Readable, Writable } from 'node:stream';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { messageTooLarge, notTheProtocol } from '../engine/errors/dap.ts';
import { isRecord } from './arguments.ts';
import { MESSAGE_BYTES_MAX, MessageReader } from './messageReader.ts';

/**
 * The protocol's messages on two streams, in bounded memory. A client that does not read its answers is held back: its
 * requests wait, and when enough of them do, no more are read. What ends a session is heard all the same. A message that
 * is none is reported and what follows it is read; a stream that cannot be the protocol's is read no further.
 */
export interface ProtocolUser {
  request(request: DebugProtocol.Request): void;
  /** Whether this one can come before those that wait. */
  isUrgent(request: DebugProtocol.Request): boolean;
  /** Whether it has as much to do as it can take. */
  isBusy(): boolean;
  /** A message that cannot be read. */
  problem(text: string): void;
  /** Nothing more can be read. */
  lost(why: string): void;
  /** The client has taken what it was told. */
  drained(): void;
}

/** With more than that unsent, no request is answered and the machine waits. */
export const UNSENT_BYTES_MAX = 1 << 20;
/** With more than that waiting to be answered, no request is read. */
export const WAITING_BYTES_MAX = 1 << 20;

interface Waiting {
  request: DebugProtocol.Request;
  lengthBytes: number;
}

export class ProtocolStream {
  private from: Readable;
  private to: Writable;
  private user: ProtocolUser;
  private reader: MessageReader;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private nextSeq = 1;
  private isUnheard = false;
  private wasBehind = false;

  constructor(from: Readable, to: Writable, user: ProtocolUser) {
    this.from = from;
    this.to = to;
    this.user = user;
    this.reader = new MessageReader({
      message: (text, lengthBytes) => this.received(text, lengthBytes),
      tooLarge: (lengthBytes) => user.lost(messageTooLarge({ lengthBytes, bytesMax: MESSAGE_BYTES_MAX })),
      notMessages: () => user.lost(notTheProtocol()),
    });
    // To tell of it would fail again, for ever.
    to.on('error', () => (this.isUnheard = true));
    to.on('drain', () => this.hasRoom());
    from.on('error', (error: Error) => user.problem(error.message));
    from.on('data', (bytes: Buffer) => this.reader.read(bytes));
  }

  send(type: 'response' | 'event', message: DebugProtocol.ProtocolMessage): void {
    if (this.isUnheard) return;
    const json = JSON.stringify({ ...message, type, seq: this.nextSeq++ });
    this.to.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
    this.wasBehind ||= this.isBehind;
  }

  /** What is sent now stays in our memory. */
  get isBehind(): boolean {
    return !this.isUnheard && this.to.writableLength > UNSENT_BYTES_MAX;
  }

  /** Called when the user is no longer busy, too. */
  passOn(): void {
    while (this.waiting.length > 0 && !this.isHeldBack) {
      const { request, lengthBytes } = this.waiting.shift()!;
      this.waitingBytes -= lengthBytes;
      this.user.request(request);
    }
    if (this.waitingBytes <= WAITING_BYTES_MAX) this.from.resume();
  }

  private get isHeldBack(): boolean {
    return this.isBehind || this.user.isBusy();
  }

  private hasRoom(): void {
    if (this.wasBehind) this.user.drained();
    this.wasBehind = false;
    this.passOn();
  }

  private received(text: string, lengthBytes: number): void {
    const request = this.parse(text);
    if (!request) return;
    const isNext = this.waiting.length === 0 && !this.isHeldBack;
    if (isNext || this.user.isUrgent(request)) return this.user.request(request);
    this.waiting.push({ request, lengthBytes });
    this.waitingBytes += lengthBytes;
    if (this.waitingBytes > WAITING_BYTES_MAX) this.from.pause();
  }

  private parse(text: string): DebugProtocol.Request | undefined {
    try {
      const message: unknown = JSON.parse(text);
      if (!isRecord(message)) throw new Error('it is not an object');
      // Nothing is asked of a client, so it has nothing to answer.
      return message.type === 'request' ? (message as unknown as DebugProtocol.Request) : undefined;
    } catch (error) {
      this.user.problem(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
