/**
 * A guest that people run under QEMU's `virt` board, described once: both command lines are made from this
 * (commandLines.ts). File names are relative to the folder that the script is given.
 */
export interface Guest {
  /** Unique; names the row. */
  name: string;
  what: string;
  /** Where it comes from: a repository and its commit, or a package and its version. */
  source: string;
  harts?: number;
  memory?: string;
  /** A file; `none`, if absent: the guest starts in machine mode; or `default`: each has its own. */
  bios?: string;
  kernel?: string;
  initrd?: string;
  append?: string;
  /** A raw disk in virtio slot 0, where course kernels look for it. */
  disk?: { image: string; virtio: 'modern' | 'legacy' };
  /** What only QEMU, or only blkreplay, needs to be told. */
  qemuOptions?: string[];
  ourOptions?: string[];
  /** Each is sent to QEMU's console once it has shown `after`. blkreplay takes all of it as the guest's UART does. */
  typed?: readonly Typed[];
  /** What the console must show, in this order. The run is ended when it has. */
  expected: string[];
  /** How long a run may take, in seconds. */
  secondsMax: number;
  /** Takes minutes to hours, so it is left out unless named by `--only` or asked for by `--long`. */
  isLong?: boolean;
  /** Why QEMU 7.2 does not run it, where that is known. */
  qemuNote?: string;
  note?: string;
}

export interface Typed {
  after: string;
  text: string;
}

/** A guest that was considered and is in no row. */
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
