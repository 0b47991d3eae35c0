import type { Session, StopReason } from '../engine/index.ts';
import { sessionHasEnded } from '../engine/errors/dap.ts';
import { editorRuns } from '../engine/errors/gdb.ts';
import { Admission, type GdbConnection, type GdbConnectionUser, type GdbPlace, GdbServer } from '../gdb/index.ts';

/**
 * `gdbServer` in the launch configuration: a gdb that debugs the same session as the editor, on this computer. Whoever
 * is first runs the machine, and the other is refused until it stands; a gdb that comes makes it stand, as gdb expects.
 * When gdb leaves, however it does, the machine stays where it is and the editor has it.
 */
export type SharedPlace = Exclude<GdbPlace, { kind: 'stdio' }>;

export type Listen = (
  place: SharedPlace,
  onConnection: (connection: GdbConnection) => GdbConnectionUser,
) => Promise<{ readonly name: string; close(): void }>;

/** The session that is shared, and what the editor's side does and hears of it. */
export interface SharedMachine {
  readonly session: Session;
  readonly isEditorRunning: boolean;
  /** Ends a run of the editor's; resolves when the machine stands. */
  standStill(): Promise<void>;
  milliseconds(): number;
  runBegins(): void;
  /** After each slice; true when the editor wants it to end. Takes its time unless gdb wants that. */
  betweenSlices(gdbWantsEnd: () => boolean): Promise<boolean>;
  runEnded(reason: StopReason): void;
  runFailed(error: unknown): void;
  /** A connection was dropped that is no gdb's. */
  foreignConnection(): void;
}

export class GdbDoor {
  /** As the user is told. */
  name = '';
  private machine: SharedMachine | undefined;
  private gdb: GdbServer | undefined;
  private stopListening: () => void = () => {};

  private constructor() {}

  /** Before the session is opened, so that a port in use creates no file. Throws a UserError where it cannot be had. */
  static async listen(listen: Listen, place: SharedPlace): Promise<GdbDoor> {
    const door = new GdbDoor();
    const admission = new Admission({
      begin: (connection) => door.begin(connection),
      onFirstForeign: () => door.machine?.foreignConnection(),
    });
    const server = await listen(place, (connection) => admission.connected(connection));
    door.name = server.name;
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

  private async begin(connection: GdbConnection): Promise<GdbServer | undefined> {
    const { machine } = this;
    await machine?.standStill();
    // The session may have ended meanwhile.
    return machine && machine === this.machine ? this.serve(machine, connection) : undefined;
  }

  private serve(machine: SharedMachine, connection: GdbConnection): GdbServer {
    const gdb = new GdbServer(machine.session, {
      send: (bytes) => connection.send(bytes),
      unsentBytes: () => connection.unsentBytes,
      drained: () => connection.drained(),
      milliseconds: () => machine.milliseconds(),
      checkTurn: () => {
        if (!this.machine) throw sessionHasEnded();
        if (machine.isEditorRunning) throw editorRuns();
      },
      runBegins: () => machine.runBegins(),
      betweenSlices: async () => {
        if (await machine.betweenSlices(() => gdb.wantsEnd)) gdb.interrupt();
      },
      runEnded: (reason) => machine.runEnded(reason),
    });
    this.gdb = gdb;
    void gdb.over.catch((error: unknown) => machine.runFailed(error)).then(() => (this.gdb = undefined));
    return gdb;
  }
}
