import type { TestContext } from 'node:test';
import { Session, type Timeline } from '../../debug-adapter/engine/index.ts';
import { GdbServer } from '../../debug-adapter/gdb/index.ts';
import { encodePacket, PacketReader } from '../../debug-adapter/gdb/packets.ts';

/** A conversation with the server, without a socket, about a machine that is abandoned in the end. */
export class Conversation {
  readonly session: Session;
  readonly server: GdbServer;
  /** What happens between two slices. */
  betweenSlices = (): void => {};
  /** By the server's clock; 0: a run is one slice. */
  millisecondsALook = 0;
  private milliseconds = 0;
  /** What gdb has not taken of the replies. */
  unsentBytes = 0;
  whenDrained: Promise<void> = Promise.resolve();
  private reader = new PacketReader();
  private theirs = new PacketReader();
  private replies: string[] = [];
  private wake = (): void => {};
  acknowledgements = '';

  constructor(timeline: Timeline, t: TestContext) {
    t.after(() => timeline.abandon());
    this.session = new Session(timeline);
    this.server = new GdbServer(this.session, {
      send: (bytes) => this.heard(bytes),
      unsentBytes: () => this.unsentBytes,
      drained: () => this.whenDrained,
      milliseconds: () => (this.milliseconds += this.millisecondsALook),
      betweenSlices: async () => {
        this.betweenSlices();
        await new Promise(setImmediate);
      },
    });
  }

  /** Bytes of gdb's. */
  send(bytes: Uint8Array): Promise<void> | undefined {
    return this.server.take(this.theirs.read(bytes));
  }

  /** Sends a packet and waits for its reply. */
  async ask(content: string): Promise<string> {
    void this.send(encodePacket(content));
    while (this.replies.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.replies.shift()!;
  }

  private heard(bytes: Uint8Array): void {
    for (const event of this.reader.read(bytes)) {
      if (event.kind === 'packet') this.replies.push(event.content);
      if (event.kind === 'acknowledged') this.acknowledgements += event.well ? '+' : '-';
    }
    this.wake();
  }
}
