/**
 * A guest that runs on QEMU's `virt` board. commandLines.ts derives the command lines of QEMU and blkreplay from this
 * one description. File names are relative to the folder that is passed to the script.
 */
export interface Guest {
  /** A unique name, which identifies the guest's row in the table. */
  name: string;
  what: string;
  /** Where the guest comes from: a repository and commit, or a package and version. */
  source: string;
  harts?: number;
  memory?: string;
  /**
   * A firmware file; `none` (the default), to start the guest in machine mode; or `default`, to use each emulator's own
   * firmware.
   */
  bios?: string;
  kernel?: string;
  initrd?: string;
  append?: string;
  /** A raw disk in virtio slot 0, where teaching kernels expect it. */
  disk?: { image: string; virtio: 'modern' | 'legacy' };
  /** Options for only one of the two emulators. */
  qemuOptions?: string[];
  ourOptions?: string[];
  /**
   * Input for the console. For QEMU, each entry is sent after the console has shown `after`. blkreplay gets all input
   * at the start, and delivers each byte when the guest's UART accepts it.
   */
  typed?: readonly Typed[];
  /** The strings that the console must show, in this order. The run ends when all have been shown. */
  expected: string[];
  /** The time limit of a run, in seconds. */
  secondsMax: number;
  /** True if a run takes minutes to hours. The guest then runs only with `--long`, or if `--only` names it. */
  isLong?: boolean;
  /** Why QEMU 7.2 does not run the guest, if known. */
  qemuNote?: string;
  remark?: string;
}

export interface Typed {
  after: string;
  text: string;
}

/** A guest that is listed with the reason why it is not in the table. */
export interface GuestLeftOut {
  name: string;
  why: string;
}

export interface GuestResult {
  qemu: QemuResult;
  ours: OurResult;
}

export type QemuResult = { kind: 'works' } | { kind: 'fails'; symptom: string } | { kind: 'notRun' };

export type OurResult =
  | { kind: 'works'; steps: number; digest: string; recordSeconds: number; replaySeconds: number }
  | { kind: 'fails'; stage: 'run' | 'record' | 'replay'; symptom: string };
