import type { DebugProtocol } from '@vscode/debugprotocol';
import { messageTooLarge, NOT_AN_OBJECT, notTheProtocol } from '../messages/dap.ts';
import { isRecord } from './arguments.ts';
import { concatenated, MESSAGE_BYTES_MAX, MessageReader } from './messageReader.ts';

/** Handles the messages of a ProtocolStream. */
export interface ProtocolHandler {
  request(request: DebugProtocol.Request): void;
  /** Whether the request may be handled before the requests that are already waiting. */
  isUrgent(request: DebugProtocol.Request): boolean;
  /** Whether the handler is currently unable to take more requests. */
  isBusy(): boolean;
  /** Called if a message could not be parsed. */
  onMalformed(text: string): void;
  /** Called if nothing more can be read, because a message is too large or the stream is not DAP. */
  onFatal(why: string): void;
  /** Called when the client has read all messages. */
  drained(): void;
}

/** The client's byte streams. The entry file connects them to stdin and stdout. */
export interface ClientStreams {
  send(bytes: Uint8Array): void;
  /** The number of sent bytes that the client has not accepted yet. */
  readonly unsentBytes: number;
  /** Stops reading until `resume` is called. */
  pause(): void;
  resume(): void;
}

/** The methods to call when events occur on the client's byte streams. */
export interface ClientEvents {
  received(bytes: Uint8Array): void;
  readFailed(message: string): void;
  /** The client has accepted all bytes. */
  drained(): void;
  /** The client accepts no more bytes. */
  writeFailed(): void;
}

/** While more bytes than this are unsent, no request is answered and the machine waits. */
export const UNSENT_BYTES_MAX = 1 << 20;
/** While the total size of the requests that are waiting to be answered exceeds this, no more are read. */
export const WAITING_BYTES_MAX = 1 << 20;

interface Waiting {
  request: DebugProtocol.Request;
  lengthBytes: number;
}

/**
 * Sends and receives DAP messages on a client's streams, with bounded memory. While a client does not read its
 * responses, its requests wait; if too many are waiting, no more are read. Even then, requests that end the session are
 * handled. An unparsable message is reported and skipped; if the stream cannot be DAP, reading ends.
 */
export class ProtocolStream implements ClientEvents {
  private client: ClientStreams;
  private user: ProtocolHandler;
  private reader: MessageReader;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private nextSeq = 1;
  private isClosed = false;
  private wasBehind = false;
  private encoder = new TextEncoder();

  constructor(client: ClientStreams, user: ProtocolHandler) {
    this.client = client;
    this.user = user;
    this.reader = new MessageReader({
      message: (text, lengthBytes) => this.accept(text, lengthBytes),
      tooLarge: (lengthBytes) => user.onFatal(messageTooLarge({ lengthBytes, bytesMax: MESSAGE_BYTES_MAX })),
      notDap: () => user.onFatal(notTheProtocol()),
    });
  }

  received(bytes: Uint8Array): void {
    this.reader.read(bytes);
  }

  readFailed(message: string): void {
    this.user.onMalformed(message);
  }

  /** The failure is not reported, because writing the report to the same stream would fail too. */
  writeFailed(): void {
    this.isClosed = true;
  }

  drained(): void {
    if (this.wasBehind) this.user.drained();
    this.wasBehind = false;
    this.handleWaiting();
  }

  send(type: 'response' | 'event', message: DebugProtocol.ProtocolMessage): void {
    if (this.isClosed) return;
    const json = this.encoder.encode(JSON.stringify({ ...message, type, seq: this.nextSeq++ }));
    const header = this.encoder.encode(`Content-Length: ${json.length}\r\n\r\n`);
    this.client.send(concatenated([header, json]));
    this.wasBehind ||= this.isBehind;
  }

  /** Whether messages sent now would be buffered in memory. */
  get isBehind(): boolean {
    return !this.isClosed && this.client.unsentBytes > UNSENT_BYTES_MAX;
  }

  /** Handles waiting requests. The owner must call this method when the handler is no longer busy. */
  handleWaiting(): void {
    while (this.waiting.length > 0 && !this.isPaused) {
      const { request, lengthBytes } = this.waiting.shift()!;
      this.waitingBytes -= lengthBytes;
      this.user.request(request);
    }
    if (this.waitingBytes <= WAITING_BYTES_MAX) this.client.resume();
  }

  private get isPaused(): boolean {
    return this.isBehind || this.user.isBusy();
  }

  private accept(text: string, lengthBytes: number): void {
    const request = this.parse(text);
    if (!request) return;
    const isNext = this.waiting.length === 0 && !this.isPaused;
    if (isNext || this.user.isUrgent(request)) return this.user.request(request);
    this.waiting.push({ request, lengthBytes });
    this.waitingBytes += lengthBytes;
    if (this.waitingBytes > WAITING_BYTES_MAX) this.client.pause();
  }

  private parse(text: string): DebugProtocol.Request | undefined {
    try {
      const message: unknown = JSON.parse(text);
      if (!isRecord(message)) throw new Error(NOT_AN_OBJECT);
      // The adapter sends no requests to the client, so responses are ignored.
      return message.type === 'request' ? (message as unknown as DebugProtocol.Request) : undefined;
    } catch (error) {
      this.user.onMalformed(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
