import { type Session, UserError, type Timeline } from '../engine/index.ts';
import { GdbClient } from './gdbClient.ts';
import type { GdbHost, LeaveReason } from './gdbHost.ts';
import { ACKNOWLEDGE, REQUEST_RESEND, encodePacket, type WireEvent } from './packets.ts';
import { executePacket } from './requests.ts';
import { sessionHasEnded } from '../messages/dap.ts';
import { editorRuns } from '../messages/gdb.ts';
import { textFor } from '../messages/userError.ts';

type ConnectionState =
  | { kind: 'open' }
  /** The connection has ended; a run may still be in progress. */
  | { kind: 'gone'; reason: 'gone' | 'dropped' }
  /** The server has finished. */
  | { kind: 'left' };

/** While more bytes than this are unsent, no further packet is answered. */
export const UNSENT_BYTES_MAX = 1 << 20;
/** While packets with more bytes than this are waiting for an answer, no further packet is read. */
export const WAITING_BYTES_MAX = 1 << 20;
/** The number of bytes to count for each waiting packet in addition to the length of its content. */
const WAITING_BYTES_EACH = 64;

/**
 * The packets that detach from or kill the machine. They are allowed regardless of which front end is running the
 * machine.
 */
const LEAVE_PACKETS = /^(D|k$|vKill)/;

/**
 * Serves one gdb connection to a session. It implements only the protocol: it receives events through `handleEvents`,
 * and sends replies with the host's `send`. Packets are answered one after another. Runs are divided into slices, so
 * that gdb's interrupt can arrive between slices. If the session cannot execute a packet's request, gdb gets an error
 * reply and the connection continues. An error that ends the session (a divergence in a replay, a host failure) is
 * reported to gdb and rejects `whenLeft`. If gdb does not read its replies, its packets are queued and not answered. If
 * the queue is too long, the server does not accept further packets.
 */
export class GdbServer {
  /** Resolves when gdb has left. */
  readonly whenLeft: Promise<LeaveReason>;
  private host: GdbHost;
  private client: GdbClient;
  private connection: ConnectionState = { kind: 'open' };
  /** The events that have not been answered yet: packets, and requests from gdb to resend the last reply. */
  private queue: WaitingEvent[] = [];
  private queuedBytes = 0;
  private isAnswering = false;
  private answered: Promise<void> = Promise.resolve();
  private acknowledges = true;
  private lastReply: Uint8Array | undefined;
  private leave!: (reason: LeaveReason) => void;
  private fail!: (error: unknown) => void;
  private readonly whenGone: Promise<void>;
  private resolveGone!: () => void;

  constructor(session: Session<Timeline>, host: GdbHost) {
    this.host = host;
    this.client = new GdbClient(session, host.runner);
    this.whenGone = new Promise((resolve) => (this.resolveGone = resolve));
    this.whenLeft = new Promise((resolve, reject) => {
      this.leave = resolve;
      this.fail = reject;
    });
  }

  /** Handles decoded events from gdb. If it returns a promise, the caller must not read more data until it resolves. */
  handleEvents(events: readonly WireEvent[]): Promise<void> | undefined {
    for (const event of events) this.handle(event);
    const isBehind = this.queuedBytes > WAITING_BYTES_MAX || this.host.unsentBytes() > UNSENT_BYTES_MAX;
    return isBehind ? this.whenCaughtUp() : undefined;
  }

  /**
   * Must be called when the connection has ended or is about to end. A run in progress ends after its current slice.
   */
  disconnected(reason: 'gone' | 'dropped' = 'gone'): void {
    this.resolveGone();
    if (this.connection.kind !== 'open') return;
    this.connection = { kind: 'gone', reason };
    this.clearQueue();
    this.interrupt();
    if (!this.isAnswering) this.leaveAs(reason);
  }

  /** Interrupts a run, like gdb's Ctrl-C. Has no effect between runs. */
  interrupt(): void {
    this.host.runner.control.requestStop('gdb');
  }

  private handle(event: WireEvent): void {
    switch (event.kind) {
      case 'packet':
        if (this.acknowledges) this.host.send(ACKNOWLEDGE);
        this.enqueue(event);
        break;
      case 'damaged':
        if (this.acknowledges) this.host.send(REQUEST_RESEND);
        break;
      case 'acknowledged':
        if (!event.well) this.enqueue(event);
        break;
      case 'interrupt':
        this.interrupt();
        break;
      // The caller, which reads from the connection, must drop it.
      case 'foreign':
        break;
    }
  }

  private enqueue(event: WaitingEvent): void {
    if (this.connection.kind !== 'open') return;
    this.queue.push(event);
    this.queuedBytes += bytesOf(event);
    if (!this.isAnswering) this.answered = this.answerAll();
  }

  private async answerAll(): Promise<void> {
    this.isAnswering = true;
    try {
      for (let event = this.queue.shift(); event; event = this.queue.shift()) {
        this.queuedBytes -= bytesOf(event);
        if (this.host.unsentBytes() > UNSENT_BYTES_MAX) await this.drained();
        if (this.goneReason) break;
        const left = event.kind === 'packet' ? await this.answerOne(event.content) : this.resendReply();
        if (left) return this.leaveAs(left);
      }
      if (this.goneReason) this.leaveAs(this.goneReason);
    } catch (error) {
      this.connection = { kind: 'left' };
      this.fail(error);
    } finally {
      this.isAnswering = false;
    }
  }

  /** This is a getter because TypeScript would otherwise assume that the state stays the same across an await. */
  private get goneReason(): 'gone' | 'dropped' | undefined {
    return this.connection.kind === 'gone' ? this.connection.reason : undefined;
  }

  private async whenCaughtUp(): Promise<void> {
    await this.answered;
    await this.drained();
  }

  /** Resolves when the peer has accepted all bytes, or when it is gone. */
  private drained(): Promise<void> {
    return Promise.race([this.host.drained(), this.whenGone]);
  }

  private clearQueue(): void {
    this.queue = [];
    this.queuedBytes = 0;
  }

  /** Answers one packet. If the packet detaches from or kills the machine, returns the reason for leaving. */
  private async answerOne(packet: string): Promise<LeaveReason | undefined> {
    try {
      if (!LEAVE_PACKETS.test(packet)) this.checkRunOwner();
      const reply = await executePacket(this.client, packet);
      if (reply.text !== undefined) this.reply(reply.text);
      if (reply.acknowledges === false) this.acknowledges = false;
      return reply.leaving;
    } catch (error) {
      // gdb shows the text after `E.` literally, so the four characters that have a special meaning in the protocol are
      // replaced instead of escaped.
      if (error instanceof UserError) this.reply(`E.${textFor(error, 'gdb').replace(/[#$}*]/g, '?')}`);
      if (error instanceof UserError && error.kind === 'badInput') return undefined;
      throw error;
    }
  }

  /** Throws a UserError while another front end is running the machine. */
  private checkRunOwner(): void {
    const { control } = this.host.runner;
    if (control.state.kind === 'ended') throw sessionHasEnded();
    if (!control.mayStart('gdb')) throw editorRuns();
  }

  /** Removes gdb's stop points when gdb leaves. */
  private leaveAs(reason: LeaveReason): void {
    this.connection = { kind: 'left' };
    this.clearQueue();
    this.client.stopPoints.removeAll();
    this.leave(reason);
  }

  private resendReply(): undefined {
    if (this.lastReply) this.host.send(this.lastReply);
  }

  private reply(content: string): void {
    this.lastReply = encodePacket(content);
    this.host.send(this.lastReply);
  }
}

type WaitingEvent = Extract<WireEvent, { kind: 'packet' | 'acknowledged' }>;

const bytesOf = (event: WaitingEvent): number =>
  WAITING_BYTES_EACH + (event.kind === 'packet' ? event.content.length : 0);
