import type { Runner, Session, Timeline } from '../engine/index.ts';
import {
  Admission,
  type GdbConnection,
  type GdbConnectionHandler,
  type GdbListenAddress,
  GdbServer,
} from '../gdb/index.ts';

/** The port or socket through which gdb can join the session. */
export type GdbSocketAddress = Exclude<GdbListenAddress, { kind: 'stdio' }>;

export type Listen = (
  address: GdbSocketAddress,
  onConnection: (connection: GdbConnection) => GdbConnectionHandler,
) => Promise<{ readonly name: string; close(): void }>;

/** The session that the editor and gdb share, and the callbacks of a GdbServerHost. */
export interface SharedMachine {
  readonly session: Session<Timeline>;
  readonly runner: Runner;
  /** Called after an error that ends gdb's connection. The error can occur during a run or between runs. */
  onFailed(error: unknown): void;
  /** Called when a connection from a program other than gdb has been dropped. */
  onForeignConnection(): void;
}

/**
 * Implements the launch configuration's `gdbServer` setting: gdb, running on this computer, debugs the same session as
 * the editor. Whichever of the two starts a run owns the machine until the run ends; requests from the other are
 * rejected. When gdb connects, the machine stops, as gdb expects. When gdb disconnects, for whatever reason, the
 * machine remains stopped and the editor can run it.
 */
export class GdbServerHost {
  /** The address, as shown to the user. */
  name = '';
  private machine: SharedMachine | undefined;
  private gdb: GdbServer | undefined;
  private stopListening: () => void = () => {};

  private constructor() {}

  /**
   * Listens before the session is opened, so that no files are created if listening fails. Throws a UserError if the
   * address is in use.
   */
  static async listen(listen: Listen, address: GdbSocketAddress): Promise<GdbServerHost> {
    const serverHost = new GdbServerHost();
    const admission = new Admission({
      startServer: (connection) => serverHost.begin(connection),
      onFirstForeign: () => serverHost.machine?.onForeignConnection(),
    });
    const server = await listen(address, (connection) => admission.connected(connection));
    serverHost.name = server.name;
    serverHost.stopListening = () => server.close();
    return serverHost;
  }

  open(machine: SharedMachine): void {
    this.machine = machine;
  }

  close(): void {
    this.machine = undefined;
    this.gdb?.disconnected();
    this.stopListening();
  }

  private async begin(connection: GdbConnection): Promise<GdbServer | undefined> {
    const { machine } = this;
    await machine?.runner.control.stop();
    // The session may have ended during the await.
    return machine && machine === this.machine ? this.serve(machine, connection) : undefined;
  }

  private serve(machine: SharedMachine, connection: GdbConnection): GdbServer {
    const gdb = new GdbServer(machine.session, {
      send: (bytes) => connection.send(bytes),
      unsentBytes: () => connection.unsentBytes,
      drained: () => connection.drained(),
      runner: machine.runner,
    });
    this.gdb = gdb;
    void gdb.whenLeft.catch((error: unknown) => machine.onFailed(error)).then(() => (this.gdb = undefined));
    return gdb;
  }
}
