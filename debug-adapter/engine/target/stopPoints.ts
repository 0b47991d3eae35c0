import type { GuestAddress, Position } from '../base/quantities.ts';
import type { Predicate } from './predicate.ts';

/**
 * The points at which a run stops, as armed in the machine. They belong to the machine's caller and are not part of the
 * machine's state: arming them does not change the execution.
 *
 * A run stops before a step at a breakpoint or a trap. For everything else, a forward run stops after the step that
 * reached the point, and a backward run stops before that step.
 */
export interface StopPoints {
  /** The virtual addresses of breakpoints. A run stops before it executes an instruction at one of them. */
  breakpoints: ReadonlySet<bigint>;
  /**
   * The breakpoint conditions that the machine can evaluate itself, indexed by the address of the breakpoint. A run
   * does not stop at such an address, and does not call `condition`, while the predicate's value is 0. If the predicate
   * has no value, `condition` decides.
   */
  predicates?: ReadonlyMap<bigint, Predicate>;
  /**
   * Evaluated when a breakpoint is reached: returns whether to stop there. By default, every breakpoint stops the run.
   * Must not change the machine.
   */
  condition?: (pc: bigint) => boolean;
  watchpoints: readonly Watchpoint[];
  registers?: readonly RegisterPoint[];
  disks?: readonly DiskPoint[];
  consoles?: readonly ConsolePoint[];
  traps?: readonly TrapPoint[];
  /**
   * Evaluated before a trap that matches one of `traps`: returns whether to stop there. The machine is in the state
   * before the trap. Must not change the machine.
   */
  trapCondition?: (trap: Trap, ids: readonly number[]) => boolean;
  /**
   * Evaluated after each step that reached points other than breakpoints and traps: returns the hits that stop the run.
   * If it returns none, the run continues. By default, every hit stops the run. Must not change the machine.
   */
  hitCondition?: (hits: StepHit[]) => StepHit[];
}

/** A range of watched bytes in RAM. */
export interface Watchpoint {
  id: number;
  /** A guest physical address, so the watchpoint covers accesses through any virtual address and by any device. */
  address: GuestAddress;
  lengthBytes: number;
  /** `change` matches a write only if it changes the bytes. */
  access: 'read' | 'write' | 'readWrite' | 'change';
}

/** A register or CSR whose value is watched for changes. */
export interface RegisterPoint {
  id: number;
  what: { kind: 'register' | 'float'; register: number } | { kind: 'csr'; number: number };
  /** The number of the hart; undefined for every hart. */
  hart?: number;
}

/** The disk requests that stop a run: those of the given kinds that overlap a range of sectors. */
export interface DiskPoint {
  id: number;
  /** The ID of the drive; undefined for every drive. */
  drive?: string;
  /**
   * The first sector and the number of sectors, in sectors of 512 bytes; undefined for the whole disk. A flush has no
   * sectors.
   */
  sectors?: { first: number; count: number };
  requests: readonly DiskRequestKind[];
}

/** A kind of disk request from the guest. */
export type DiskRequestKind = 'read' | 'write' | 'flush';

/** Text that the guest prints to its console. The point is reached by the step that prints the last byte. */
export interface ConsolePoint {
  id: number;
  /** The text, which is 1 to CONSOLE_TEXT_BYTES_MAX bytes long. */
  text: Uint8Array;
}

/** The maximum length of a console point's text. */
export const CONSOLE_TEXT_BYTES_MAX = 256;

/** Traps that stop a run. */
export interface TrapPoint {
  id: number;
  /** The mcause codes of the exceptions; undefined for none. */
  exceptions?: ReadonlySet<number>;
  /** The mcause codes of the interrupts, without the interrupt bit; undefined for none. */
  interrupts?: ReadonlySet<number>;
  /** The privilege modes from which traps match (0 U, 1 S, 3 M); undefined for all. */
  modes?: readonly number[];
  /** Whether to match only traps whose handler cannot be executed, because its address is 0 or is not in RAM. */
  withoutHandler?: boolean;
  /** Whether to match resets that the guest requests. */
  reset?: boolean;
}

/** A trap that a hart is about to take. */
export interface Trap {
  kind: 'exception' | 'interrupt' | 'reset';
  /** The exception or interrupt code in mcause or scause; 0 for a reset. */
  cause: number;
  /** The value that the trap writes to mtval or stval. */
  tval: bigint;
  /** The address of the instruction that causes the exception, or before which the interrupt is taken. */
  pc: bigint;
  /** The mode in which the hart executes (0 U, 1 S, 3 M), and the mode that handles the trap. */
  privilege: number;
  handlerPrivilege: number;
  /** The virtual address of the handler. */
  handler: bigint;
  hart: number;
}

/** A step that reached a stop point. */
export type StepHit = WatchHit | RegisterHit | DiskHit | ConsoleHit;

/** A step's access to the bytes of a watchpoint. */
export interface WatchHit {
  kind: 'access';
  id: number;
  access: 'read' | 'write';
  /**
   * All watched bytes before and after the step. They are equal if the step only read the bytes or wrote the values
   * that were already there.
   */
  oldBytes: Uint8Array;
  newBytes: Uint8Array;
  /** The position before the step that accessed the bytes. */
  position: Position;
}

/** A step's change to a register or CSR. */
export interface RegisterHit {
  kind: 'register';
  id: number;
  hart: number;
  oldValue: bigint;
  newValue: bigint;
  /** The position before the step. */
  position: Position;
}

/** A disk request that one step started. */
export interface DiskHit {
  kind: 'disk';
  id: number;
  request: { drive: string; kind: DiskRequestKind; firstSector: number; sectors: number };
  /** The position before the step. */
  position: Position;
}

/** The step that printed the last byte of a console point's text. */
export interface ConsoleHit {
  kind: 'console';
  id: number;
  /** The position before the step. */
  position: Position;
}

export const NO_STOP_POINTS: StopPoints = { breakpoints: new Set(), watchpoints: [] };
