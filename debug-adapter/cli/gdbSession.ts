import { Session, type Timeline } from '../engine/index.ts';
import { foreignConnection } from '../messages/gdb.ts';
import {
  Admission,
  type GdbConnection,
  type GdbConnectionUser,
  type GdbPlace,
  GdbServer,
  type Leaving,
} from '../gdb/index.ts';
import { type Listener, listen } from '../host/listening.ts';
import { connectStandardStreams } from '../host/standardStreams.ts';
import { wallClock } from '../host/wallClock.ts';
import { consoleOutput, messages } from './outputs.ts';
import type { Interruption } from './interruption.ts';
import { WriteBack } from './writeBack.ts';
import { errorLine, gdbServerLine } from '../messages/commandOutput.ts';

/**
 * Implements `--gdb`: the machine waits for gdb, which controls it until it leaves. Connections from other programs are
 * dropped and the machine continues to wait. If gdb started this process, there is only one connection: the session
 * ends unless it is gdb.
 */
export class GdbSession {
  private place: GdbPlace;
  private admission: Admission;
  private listener: Listener | undefined;
  /** Undefined before `serve`: there is nothing to debug yet. */
  private timeline: Timeline | undefined;
  private gdb: GdbServer | undefined;
  private left!: (how: Leaving) => void;
  private fail!: (error: unknown) => void;
  private readonly whenLeft: Promise<Leaving>;

  private constructor(place: GdbPlace) {
    this.place = place;
    this.admission = new Admission({
      begin: (connection) => this.begin(connection),
      onFirstForeign: () => this.foreign(),
    });
    this.whenLeft = new Promise((resolve, reject) => {
      this.left = resolve;
      this.fail = reject;
    });
  }

  /** Throws a UserError if the address is not available. */
  static async listen(place: GdbPlace): Promise<GdbSession> {
    const session = new GdbSession(place);
    if (place.kind !== 'stdio') {
      session.listener = await listen(place, (connection) => session.admission.connected(connection));
    }
    return session;
  }

  /** Resolves with how gdb left; Ctrl-C counts as a broken connection. */
  async serve(timeline: Timeline, interruption: Interruption): Promise<Leaving> {
    this.timeline = timeline;
    if (this.place.kind === 'stdio') {
      this.listener = await connectStandardStreams((connection) => this.onlyConnection(connection));
    } else {
      messages.print(gdbServerLine(this.listener!.name));
    }
    try {
      return await Promise.race([this.whenLeft, this.endWhen(interruption)]);
    } finally {
      this.close();
    }
  }

  /** Has no effect when called again. */
  close(): void {
    this.timeline = undefined;
    this.listener?.close();
    this.listener = undefined;
  }

  /** Resolves after the current run has ended, so that the machine is stopped. */
  private async endWhen(interruption: Interruption): Promise<Leaving> {
    await interruption.whenRequested;
    this.timeline = undefined;
    this.gdb?.disconnected();
    return this.gdb ? this.gdb.over : 'gone';
  }

  /** On stdin and stdout, no gdb can connect after the first connection has ended. */
  private onlyConnection(connection: GdbConnection): GdbConnectionUser {
    const user = this.admission.connected(connection);
    return {
      received: (bytes) => user.received(bytes),
      disconnected: () => {
        user.disconnected();
        if (!this.gdb) this.left('gone');
      },
    };
  }

  private begin(connection: GdbConnection): GdbServer | undefined {
    if (!this.timeline) return undefined;
    const writeBack = new WriteBack(this.timeline);
    const gdb = new GdbServer(new Session(this.timeline), {
      send: (bytes) => connection.send(bytes),
      unsentBytes: () => connection.unsentBytes,
      drained: () => connection.drained(),
      milliseconds: () => wallClock.monotonicMilliseconds(),
      betweenSlices: async () => {
        consoleOutput.flush();
        writeBack.whenDue();
        await new Promise(setImmediate);
      },
    });
    this.gdb = gdb;
    gdb.over.then((how) => this.hasLeft(how), this.fail);
    return gdb;
  }

  private hasLeft(how: Leaving): void {
    this.gdb = undefined;
    if (how !== 'dropped' || this.place.kind === 'stdio') this.left(how);
  }

  private foreign(): void {
    messages.print(errorLine(foreignConnection()));
    if (this.place.kind === 'stdio' && !this.gdb) this.left('dropped');
  }
}
