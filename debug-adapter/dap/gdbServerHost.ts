import type { Session, StopReason } from '../engine/index.ts';
import { sessionHasEnded } from '../messages/dap.ts';
import { editorRuns } from '../messages/gdb.ts';
import {
  Admission,
  type GdbConnection,
  type GdbConnectionHandler,
  type GdbListenAddress,
  GdbServer,
} from '../gdb/index.ts';

/** The port or socket on which gdb can join. */
export type GdbSocketAddress = Exclude<GdbListenAddress, { kind: 'stdio' }>;

export type Listen = (
  address: GdbSocketAddress,
  onConnection: (connection: GdbConnection) => GdbConnectionHandler,
) => Promise<{ readonly name: string; close(): void }>;

/**
 * The session that the editor and gdb share, and the functions through which a GdbServerHost reports gdb's runs to the
 * editor.
 */
export interface SharedMachine {
  readonly session: Session;
  readonly isEditorRunning: boolean;
  /** Stops a run that the editor started; resolves when the machine has stopped. */
  stopMachine(): Promise<void>;
  milliseconds(): number;
  runBegins(): void;
  /**
   * Called after each slice of a run; returns true if the editor has requested a stop. If the client is not reading its
   * messages, this waits for the client, unless gdb has requested a stop.
   */
  betweenSlices(gdbWantsEnd: () => boolean): Promise<boolean>;
  runEnded(reason: StopReason): void;
  runFailed(error: unknown): void;
  /** Called when a connection from a program other than gdb has been dropped. */
  onForeignConnection(): void;
}

/**
 * Implements the launch configuration's `gdbServer` setting: a gdb on this computer debugs the same session as the
 * editor. If one of them starts a run, it owns the machine until the run ends, and requests from the other one are
 * refused. When gdb connects, the machine stops, as gdb expects. When gdb disconnects, for whatever reason, the machine
 * remains stopped and the editor can run it.
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
    await machine?.stopMachine();
    // The session may have ended while this function was waiting.
    return machine && machine === this.machine ? this.serve(machine, connection) : undefined;
  }

  private serve(machine: SharedMachine, connection: GdbConnection): GdbServer {
    const gdb = new GdbServer(machine.session, {
      send: (bytes) => connection.send(bytes),
      unsentBytes: () => connection.unsentBytes,
      drained: () => connection.drained(),
      milliseconds: () => machine.milliseconds(),
      checkRunOwner: () => {
        if (!this.machine) throw sessionHasEnded();
        if (machine.isEditorRunning) throw editorRuns();
      },
      onRunStarted: () => machine.runBegins(),
      betweenSlices: async () => {
        if (await machine.betweenSlices(() => gdb.wantsEnd)) gdb.interrupt();
      },
      onRunEnded: (reason) => machine.runEnded(reason),
    });
    this.gdb = gdb;
    void gdb.whenLeft.catch((error: unknown) => machine.runFailed(error)).then(() => (this.gdb = undefined));
    return gdb;
  }
}
