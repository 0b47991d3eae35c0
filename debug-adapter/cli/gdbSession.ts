import { type Runner, Session, type Timeline } from '../engine/index.ts';
import { foreignConnection } from '../messages/gdb.ts';
import {
  Admission,
  type GdbConnection,
  type GdbConnectionHandler,
  type GdbListenAddress,
  GdbServer,
  type LeaveReason,
} from '../gdb/index.ts';
import { type Listener, listen } from '../host/listening.ts';
import { connectStandardStreams } from '../host/standardStreams.ts';
import { messages } from './outputs.ts';
import type { Interruption } from './interruption.ts';
import { errorLine, gdbServerLine } from '../messages/commandOutput.ts';

/**
 * Implements `--gdb`: the machine waits for gdb, which controls it until gdb disconnects. Connections from other
 * programs are dropped and the machine continues to wait. With `--gdb stdio`, there is only one connection, so the
 * session ends if the program at the other end is not gdb.
 */
export class GdbSession {
  private address: GdbListenAddress;
  private admission: Admission;
  private listener: Listener | undefined;
  /** The machine that gdb debugs; undefined before `serve`. */
  private machine: { timeline: Timeline; runner: Runner } | undefined;
  private gdb: GdbServer | undefined;
  private resolveLeft!: (reason: LeaveReason) => void;
  private rejectLeft!: (error: unknown) => void;
  private readonly whenLeft: Promise<LeaveReason>;

  private constructor(address: GdbListenAddress) {
    this.address = address;
    this.admission = new Admission({
      startServer: (connection) => this.startServer(connection),
      onFirstForeign: () => this.onForeignConnection(),
    });
    this.whenLeft = new Promise((resolve, reject) => {
      this.resolveLeft = resolve;
      this.rejectLeft = reject;
    });
  }

  /** Throws a UserError if the address is not available. */
  static async listen(address: GdbListenAddress): Promise<GdbSession> {
    const session = new GdbSession(address);
    if (address.kind !== 'stdio') {
      session.listener = await listen(address, (connection) => session.admission.connected(connection));
    }
    return session;
  }

  /**
   * Lets gdb debug the machine. Resolves when gdb has ended the session; the value says how. Ctrl-C counts as a broken
   * connection.
   */
  async serve(timeline: Timeline, runner: Runner, interruption: Interruption): Promise<LeaveReason> {
    this.machine = { timeline, runner };
    if (this.address.kind === 'stdio') {
      this.listener = await connectStandardStreams((connection) => this.onlyConnection(connection));
    } else {
      messages.print(gdbServerLine(this.listener!.name));
    }
    try {
      return await Promise.race([this.whenLeft, this.endOnInterruption(interruption)]);
    } finally {
      this.close();
    }
  }

  /** Stops listening for connections. Further calls have no effect. */
  close(): void {
    this.machine = undefined;
    this.listener?.close();
    this.listener = undefined;
  }

  /**
   * Waits for an interruption and ends the session. Resolves when the current run has ended and the machine is stopped.
   */
  private async endOnInterruption(interruption: Interruption): Promise<LeaveReason> {
    await interruption.whenRequested;
    this.machine = undefined;
    this.gdb?.disconnected();
    return this.gdb ? this.gdb.whenLeft : 'gone';
  }

  /** Handles the connection over stdin and stdout. After this connection has ended, gdb cannot connect again. */
  private onlyConnection(connection: GdbConnection): GdbConnectionHandler {
    const user = this.admission.connected(connection);
    return {
      received: (bytes) => user.received(bytes),
      disconnected: () => {
        user.disconnected();
        if (!this.gdb) this.resolveLeft('gone');
      },
    };
  }

  private startServer(connection: GdbConnection): GdbServer | undefined {
    if (!this.machine) return undefined;
    const { timeline, runner } = this.machine;
    const gdb = new GdbServer(new Session(timeline), {
      send: (bytes) => connection.send(bytes),
      unsentBytes: () => connection.unsentBytes,
      drained: () => connection.drained(),
      runner,
    });
    this.gdb = gdb;
    gdb.whenLeft.then((reason) => this.onLeft(reason), this.rejectLeft);
    return gdb;
  }

  private onLeft(reason: LeaveReason): void {
    this.gdb = undefined;
    if (reason !== 'dropped' || this.address.kind === 'stdio') this.resolveLeft(reason);
  }

  private onForeignConnection(): void {
    messages.print(errorLine(foreignConnection()));
    if (this.address.kind === 'stdio' && !this.gdb) this.resolveLeft('dropped');
  }
}
