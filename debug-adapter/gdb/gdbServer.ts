import { type Session, type StopReason, UserError } from '../engine/index.ts';
import { ACKNOWLEDGE, ASK_AGAIN, encodePacket, PacketReader, type WireEvent } from './packets.ts';
import { answer } from './requests.ts';
import { Target } from './target.ts';

/**
 * One gdb's connection to a session: a pure protocol between `received` and `send`. Packets are answered one after the
 * other; while the machine runs, its slices leave room for gdb's interrupt to come in. What a packet cannot have is an
 * error reply and the connection lives; what ends the session (a replay that differs, a host that fails) is told to
 * gdb and rejects `over`.
 */
export interface GdbHost {
  send(bytes: Uint8Array): void;
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

/** How gdb left: `gone` is a connection that broke off, or that whoever runs the server ended. */
export type Leaving = 'detached' | 'killed' | 'gone';

/** Detaching and killing are possible whoever runs the machine. */
const LEAVING = /^(D|k$|vKill)/;

export class GdbServer {
  /** When gdb has left. */
  readonly over: Promise<Leaving>;
  private host: GdbHost;
  private target: Target;
  private reader = new PacketReader();
  private waiting: string[] = [];
  private isAnswering = false;
  private acknowledges = true;
  private lastReply: Uint8Array | undefined;
  private leave!: (how: Leaving) => void;
  private fail!: (error: unknown) => void;

  constructor(session: Session, host: GdbHost) {
    this.host = host;
    this.target = new Target(session, host);
    this.over = new Promise((resolve, reject) => {
      this.leave = resolve;
      this.fail = reject;
    });
  }

  received(bytes: Uint8Array): void {
    for (const event of this.reader.read(bytes)) this.handle(event);
  }

  /** The connection is gone, or is about to be: a run under way ends at its next slice. */
  disconnected(): void {
    this.target.isGone = true;
    this.waiting = [];
    if (!this.isAnswering) this.leaveAs('gone');
  }

  /** As gdb's ctrl-c; between runs there is nothing to interrupt. */
  interrupt(): void {
    if (this.target.isRunning) this.target.wantsInterrupt = true;
  }

  private handle(event: WireEvent): void {
    switch (event.kind) {
      case 'packet':
        if (this.acknowledges) this.host.send(ACKNOWLEDGE);
        this.waiting.push(event.content);
        void this.answerAll();
        break;
      case 'damaged':
        if (this.acknowledges) this.host.send(ASK_AGAIN);
        break;
      case 'acknowledged':
        if (!event.well && this.lastReply) this.host.send(this.lastReply);
        break;
      case 'interrupt':
        this.interrupt();
        break;
    }
  }

  private async answerAll(): Promise<void> {
    if (this.isAnswering) return;
    this.isAnswering = true;
    try {
      for (let packet = this.waiting.shift(); packet !== undefined; packet = this.waiting.shift()) {
        const left = await this.answerOne(packet);
        if (left) return this.leaveAs(left);
      }
      if (this.target.isGone) this.leaveAs('gone');
    } catch (error) {
      this.fail(error);
    } finally {
      this.isAnswering = false;
    }
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
    this.target.stopPoints.removeAll();
    this.leave(how);
  }

  private reply(content: string): void {
    this.lastReply = encodePacket(content);
    this.host.send(this.lastReply);
  }
}
