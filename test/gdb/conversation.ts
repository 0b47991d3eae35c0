import type { TestContext } from 'node:test';
import type { MachineTimeline } from '../../debug-adapter/engine/timeline/machineTimeline.ts';
import { RunControl, Runner, Session } from '../../debug-adapter/engine/index.ts';
import { GdbServer } from '../../debug-adapter/gdb/index.ts';
import { encodePacket, PacketReader } from '../../debug-adapter/gdb/packets.ts';

/** Exchanges packets with a gdb server directly, without a socket. Abandons the timeline at the end of the test. */
export class Conversation {
  readonly session: Session<MachineTimeline>;
  readonly server: GdbServer;
  /** Called between two slices of a run. */
  betweenSlices = (): void => {};
  /**
   * The number of milliseconds by which the server's clock advances each time it is read. If it is 0, a run has only
   * one slice.
   */
  clockStepMs = 0;
  private milliseconds = 0;
  /** The number of bytes in replies that gdb has not read yet. */
  unsentBytes = 0;
  whenDrained: Promise<void> = Promise.resolve();
  private reader = new PacketReader();
  private clientReader = new PacketReader();
  private replies: string[] = [];
  private wake = (): void => {};
  acknowledgements = '';

  constructor(timeline: MachineTimeline, t: TestContext) {
    t.after(() => timeline.abandon());
    this.session = new Session(timeline);
    this.server = new GdbServer(this.session, {
      send: (bytes) => this.received(bytes),
      unsentBytes: () => this.unsentBytes,
      drained: () => this.whenDrained,
      runner: new Runner(timeline, new RunControl(), {
        milliseconds: () => (this.milliseconds += this.clockStepMs),
        letMessagesIn: () => {
          this.betweenSlices();
          return new Promise(setImmediate);
        },
        wantsPause: () => false,
        showProgress: () => {},
      }),
    });
  }

  /** Delivers bytes from gdb. */
  send(bytes: Uint8Array): Promise<void> | undefined {
    return this.server.handleEvents(this.clientReader.read(bytes));
  }

  /** Sends a packet and waits for its reply. */
  async ask(content: string): Promise<string> {
    void this.send(encodePacket(content));
    while (this.replies.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.replies.shift()!;
  }

  private received(bytes: Uint8Array): void {
    for (const event of this.reader.read(bytes)) {
      if (event.kind === 'packet') this.replies.push(event.content);
      if (event.kind === 'acknowledged') this.acknowledgements += event.well ? '+' : '-';
    }
    this.wake();
  }
}
