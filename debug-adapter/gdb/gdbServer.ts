import { type Session, type StopReason, UserError } from '../engine/index.ts';
import { ACKNOWLEDGE, ASK_AGAIN, encodePacket, type WireEvent } from './packets.ts';
import { answer } from './requests.ts';
import { Target } from './target.ts';

/**
 * One gdb's connection to a session: a pure protocol between `take` and `send`. Packets are answered one after the
 * other; while the machine runs, its slices leave room for gdb's interrupt to come in. What a packet cannot have is an
 * error reply and the connection lives; what ends the session (a replay that differs, a host that fails) is told to
 * gdb and rejects `over`. A gdb that does not read its replies is held back: its packets wait until it does, and when
 * too many wait, no more are read.
 */
export interface GdbHost {
  send(bytes: Uint8Array): void;
  /** How much of what was sent the other side has not taken yet. */
  unsentBytes(): number;
  /** Resolves when it has taken all. */
  drained(): Promise<void>;
  /** From any start; slices are measured with it. */
  milliseconds(): number;
  /** After each slice of running and at each stop: shows the console, and resolves when what came in was delivered. */
  betweenSlices(): Promise<void>;
  /** Where the machine is shared with another front end: throws a UserError while that one runs it. */
  checkTurn?(): void;
  /** Around each run; the reason is why the machine stands again. */
  runBegins?(): void;
  runEnded?(reason: StopReason): void;
}

/**
 * How gdb left: `gone` is a connection that broke off, or that whoever runs the server ended; `dropped` is one that sent
 * what no gdb sends.
 */
export type Leaving = 'detached' | 'killed' | 'gone' | 'dropped';

/** With more than that unsent, no packet is answered. */
export const UNSENT_BYTES_MAX = 1 << 20;
/** With more than that waiting for its answer, no packet is read. */
export const WAITING_BYTES_MAX = 1 << 20;
/** What one costs that has no content. */
const WAITING_BYTES_EACH = 64;

/** Detaching and killing are possible whoever runs the machine. */
const LEAVING = /^(D|k$|vKill)/;

export class GdbServer {
  /** When gdb has left. */
  readonly over: Promise<Leaving>;
  private host: GdbHost;
  private target: Target;
  /** Packets, and requests to say the last reply again. */
  private waiting: WaitingEvent[] = [];
  private waitingBytes = 0;
  private isAnswering = false;
  private answered: Promise<void> = Promise.resolve();
  private hasLeft = false;
  private acknowledges = true;
  private lastReply: Uint8Array | undefined;
  private goneAs: 'gone' | 'dropped' = 'gone';
  private leave!: (how: Leaving) => void;
  private fail!: (error: unknown) => void;
  private readonly whenGone: Promise<void>;
  private isGone!: () => void;

  constructor(session: Session, host: GdbHost) {
    this.host = host;
    this.target = new Target(session, host);
    this.whenGone = new Promise((resolve) => (this.isGone = resolve));
    this.over = new Promise((resolve, reject) => {
      this.leave = resolve;
      this.fail = reject;
    });
  }

  /** What the reader made of gdb's bytes. Nothing more is to be read before what it returns resolves. */
  take(events: readonly WireEvent[]): Promise<void> | undefined {
    for (const event of events) this.handle(event);
    const isBehind = this.waitingBytes > WAITING_BYTES_MAX || this.host.unsentBytes() > UNSENT_BYTES_MAX;
    return isBehind ? this.caughtUp() : undefined;
  }

  /** The connection is gone, or is about to be: a run under way ends at its next slice. */
  disconnected(how: 'gone' | 'dropped' = 'gone'): void {
    if (this.target.isGone) return;
    this.target.isGone = true;
    this.goneAs = how;
    this.isGone();
    this.forgetWaiting();
    if (!this.isAnswering) this.leaveAs(how);
  }

  /** As gdb's ctrl-c; between runs there is nothing to interrupt. */
  interrupt(): void {
    if (this.target.isRunning) this.target.wantsInterrupt = true;
  }

  /** A run under way is to end at its next slice. */
  get wantsEnd(): boolean {
    return this.target.wantsInterrupt || this.target.isGone;
  }

  private handle(event: WireEvent): void {
    switch (event.kind) {
      case 'packet':
        if (this.acknowledges) this.host.send(ACKNOWLEDGE);
        this.waits(event);
        break;
      case 'damaged':
        if (this.acknowledges) this.host.send(ASK_AGAIN);
        break;
      case 'acknowledged':
        if (!event.well) this.waits(event);
        break;
      case 'interrupt':
        this.interrupt();
        break;
      // Whoever reads the connection drops it.
      case 'foreign':
        break;
    }
  }

  private waits(event: WaitingEvent): void {
    if (this.hasLeft || this.target.isGone) return;
    this.waiting.push(event);
    this.waitingBytes += bytesOf(event);
    if (!this.isAnswering) this.answered = this.answerAll();
  }

  private async answerAll(): Promise<void> {
    this.isAnswering = true;
    try {
      for (let event = this.waiting.shift(); event; event = this.waiting.shift()) {
        this.waitingBytes -= bytesOf(event);
        if (this.host.unsentBytes() > UNSENT_BYTES_MAX) await this.drained();
        if (this.target.isGone) break;
        const left = event.kind === 'packet' ? await this.answerOne(event.content) : this.sayAgain();
        if (left) return this.leaveAs(left);
      }
      if (this.target.isGone) this.leaveAs(this.goneAs);
    } catch (error) {
      this.hasLeft = true;
      this.fail(error);
    } finally {
      this.isAnswering = false;
    }
  }

  private async caughtUp(): Promise<void> {
    await this.answered;
    await this.drained();
  }

  /** Also when the other side is gone. */
  private drained(): Promise<void> {
    return Promise.race([this.host.drained(), this.whenGone]);
  }

  private forgetWaiting(): void {
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Returns how gdb leaves, when this packet says so. */
  private async answerOne(packet: string): Promise<Leaving | undefined> {
    try {
      if (!LEAVING.test(packet)) this.host.checkTurn?.();
      const reply = await answer(this.target, packet);
      if (reply.text !== undefined) this.reply(reply.text);
      if (reply.acknowledges === false) this.acknowledges = false;
      return reply.leaving;
    } catch (error) {
      // Text after `E.` is shown as it is; these four would be taken for a part of the protocol.
      if (error instanceof UserError) this.reply(`E.${error.message.replace(/[#$}*]/g, '?')}`);
      if (error instanceof UserError && error.kind === 'badInput') return undefined;
      throw error;
    }
  }

  /** Its stop points leave with it. */
  private leaveAs(how: Leaving): void {
    this.hasLeft = true;
    this.forgetWaiting();
    this.target.stopPoints.removeAll();
    this.leave(how);
  }

  private sayAgain(): undefined {
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
