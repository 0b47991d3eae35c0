import type { Session, StopReason } from '../engine/index.ts';
import { sessionHasEnded } from '../engine/errors/dap.ts';
import { editorRuns } from '../engine/errors/gdb.ts';
import { GdbServer } from '../gdb/index.ts';

/**
 * `gdbServer` in the launch configuration: a gdb that debugs the same session as the editor, on loopback. Whoever is
 * first runs the machine, and the other is refused until it stands; a gdb that comes makes it stand, as gdb expects.
 * When gdb leaves, however it does, the machine stays where it is and the editor has it.
 */
export type Listen = (
  port: number,
  onConnection: (connection: GdbConnection) => { received(bytes: Uint8Array): void; disconnected(): void },
) => Promise<{ readonly port: number; close(): void }>;

interface GdbConnection {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** The session that is shared, and what the editor's side does and hears of it. */
export interface SharedMachine {
  readonly session: Session;
  readonly isEditorRunning: boolean;
  /** Ends a run of the editor's; resolves when the machine stands. */
  standStill(): Promise<void>;
  milliseconds(): number;
  runBegins(): void;
  /** After each slice; true when the editor wants it to end. */
  betweenSlices(): Promise<boolean>;
  runEnded(reason: StopReason): void;
  runFailed(error: unknown): void;
}

export class GdbDoor {
  port = 0;
  private machine: SharedMachine | undefined;
  private gdb: GdbServer | undefined;
  private stopListening: () => void = () => {};

  private constructor() {}

  /** Before the session is opened, so that a port in use creates no file. Throws a UserError where it cannot be had. */
  static async listen(listen: Listen, port: number): Promise<GdbDoor> {
    const door = new GdbDoor();
    const server = await listen(port, (connection) => door.connected(connection));
    door.port = server.port;
    door.stopListening = () => server.close();
    return door;
  }

  open(machine: SharedMachine): void {
    this.machine = machine;
  }

  close(): void {
    this.machine = undefined;
    this.gdb?.disconnected();
    this.stopListening();
  }

  private connected(connection: GdbConnection) {
    const { machine } = this;
    if (!machine) {
      connection.close();
      return { received: () => {}, disconnected: () => {} };
    }
    const gdb = machine.standStill().then(() => (this.gdb = this.serve(machine, connection)));
    return {
      received: (bytes: Uint8Array) => void gdb.then((server) => server.received(bytes)),
      disconnected: () => void gdb.then((server) => server.disconnected()),
    };
  }

  private serve(machine: SharedMachine, connection: GdbConnection): GdbServer {
    const gdb = new GdbServer(machine.session, {
      send: (bytes) => connection.send(bytes),
      milliseconds: () => machine.milliseconds(),
      checkTurn: () => {
        if (!this.machine) throw sessionHasEnded();
        if (machine.isEditorRunning) throw editorRuns();
      },
      runBegins: () => machine.runBegins(),
      betweenSlices: async () => {
        if (await machine.betweenSlices()) gdb.interrupt();
      },
      runEnded: (reason) => machine.runEnded(reason),
    });
    void gdb.over.catch((error: unknown) => machine.runFailed(error)).then(() => this.left(connection));
    return gdb;
  }

  private left(connection: GdbConnection): void {
    this.gdb = undefined;
    connection.close();
  }
}
