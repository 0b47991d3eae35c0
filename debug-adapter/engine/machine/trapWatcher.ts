import { PTE, walkPageTables } from '../isa/pageTables.ts';
import { PRIVILEGE, TRAP_REGISTERS, handlerAddresses } from '../isa/traps.ts';
import type { Trap, TrapPoint } from '../target/stopPoints.ts';
import { ACCESS_FETCH } from './cpu/access.ts';
import { hasCachedHandler } from './cpu/cachedHandler.ts';
import { ENVCFG } from './cpu/envcfg.ts';
import type { Hart } from './cpu/hart.ts';
import { SLOT, type SlotName } from './cpu/layout.ts';
import type { GuestRam } from './guestRam.ts';

/** Describes the traps that the current hart is about to take, and finds the trap points that match them. */
export class TrapWatcher {
  private readonly hart: Hart;
  private readonly ram: GuestRam;
  private readonly words: Int32Array;
  private points: readonly TrapPoint[] = [];
  /** The causes that at least one point matches even if the trap has a handler. */
  private withHandler = { exceptions: new Set<number>(), interrupts: new Set<number>() };

  constructor(hart: Hart, ram: GuestRam) {
    this.hart = hart;
    this.ram = ram;
    this.words = new Int32Array(hart.memory.buffer);
  }

  /** Replaces the points. Afterwards, the hart reports only exceptions that at least one point may match. */
  set(points: readonly TrapPoint[]): void {
    this.points = points;
    const regardless = points.filter(({ withoutHandler }) => !withoutHandler);
    this.withHandler = {
      exceptions: new Set(regardless.flatMap(({ exceptions }) => [...(exceptions ?? [])])),
      interrupts: new Set(regardless.flatMap(({ interrupts }) => [...(interrupts ?? [])])),
    };
    const causes = points.flatMap(({ exceptions }) => [...(exceptions ?? [])]);
    this.hart.setSlot(
      'EXCEPTIONS_WATCHED',
      causes.reduce((mask, cause) => mask | (1n << BigInt(cause)), 0n),
    );
  }

  get isArmed(): boolean {
    return this.points.length > 0;
  }

  /**
   * Whether it is certain that no point matches. The check is fast, and its result is true for most traps if all points
   * are for traps without a handler.
   */
  cannotMatchException(): boolean {
    const cause = this.words[SLOT.CAUSE >> 2];
    return !this.withHandler.exceptions.has(cause) && hasCachedHandler(this.words, { cause, isInterrupt: false });
  }

  /** Like `cannotMatchException`, but for an interrupt. */
  cannotMatchInterrupt(cause: number): boolean {
    return !this.withHandler.interrupts.has(cause) && hasCachedHandler(this.words, { cause, isInterrupt: true });
  }

  /** The IDs of the points that match the trap. */
  matching(trap: Trap): number[] {
    return this.points.filter((point) => this.matches(point, trap)).map(({ id }) => id);
  }

  /** The exception that the hart has raised but not yet taken. */
  exception(): Trap {
    const { hart } = this;
    return this.trap('exception', Number(hart.slot('CAUSE')), hart.slot('TVAL'));
  }

  interrupt(cause: number): Trap {
    return this.trap('interrupt', cause, 0n);
  }

  /** After a reset, execution continues at the start of RAM in M-mode. */
  reset(): Trap {
    const handlerPrivilege = PRIVILEGE.MACHINE;
    return {
      kind: 'reset',
      cause: 0,
      tval: 0n,
      ...this.interrupted(),
      handlerPrivilege,
      handler: BigInt(this.ram.base),
    };
  }

  private trap(kind: 'exception' | 'interrupt', cause: number, tval: bigint): Trap {
    const interrupted = this.interrupted();
    const delegated = this.hart.slot(kind === 'interrupt' ? 'MIDELEG' : 'MEDELEG');
    const isDelegated = ((delegated >> BigInt(cause)) & 1n) !== 0n;
    const handlerPrivilege =
      isDelegated && interrupted.privilege !== PRIVILEGE.MACHINE ? PRIVILEGE.SUPERVISOR : PRIVILEGE.MACHINE;
    const vector = this.hart.slot(TRAP_REGISTERS[handlerPrivilege].vector.toUpperCase() as SlotName);
    const handlers = handlerAddresses(vector);
    const handler = (kind === 'interrupt' ? handlers[cause] : undefined) ?? handlers[0];
    return { kind, cause, tval, ...interrupted, handlerPrivilege, handler: BigInt.asUintN(64, handler) };
  }

  /** The part of a trap that describes the interrupted code. */
  private interrupted(): Pick<Trap, 'pc' | 'privilege' | 'hart'> {
    const { hart } = this;
    return { pc: hart.slot('PC'), privilege: Number(hart.slot('PRIVILEGE')), hart: Number(hart.slot('HARTID')) };
  }

  private matches({ exceptions, interrupts, modes, withoutHandler, reset }: TrapPoint, trap: Trap): boolean {
    const isKind = {
      exception: exceptions?.has(trap.cause) ?? false,
      interrupt: interrupts?.has(trap.cause) ?? false,
      reset: reset ?? false,
    }[trap.kind];
    if (!isKind || (modes && !modes.includes(trap.privilege))) return false;
    return !withoutHandler || !this.canExecute(trap);
  }

  /** Whether the handler's first instruction can be fetched. By convention, there is no handler at address 0. */
  private canExecute({ handler, handlerPrivilege }: Trap): boolean {
    if (handler === 0n) return false;
    const physical = handlerPrivilege === PRIVILEGE.SUPERVISOR ? this.supervisorAddress(handler) : handler;
    if (physical === undefined || physical >= 1n << 53n || !this.ram.contains(Number(physical), 2)) return false;
    return this.hart.core.pmpAllows(physical, 2, ACCESS_FETCH, handlerPrivilege) !== 0;
  }

  /** The physical address of code in S-mode; undefined if S-mode cannot execute it. */
  private supervisorAddress(address: bigint): bigint | undefined {
    const { hart } = this;
    const satp = hart.slot('SATP');
    if (satp >> 60n === 0n) return address;
    let leaf = 0n;
    const physical = walkPageTables(address, {
      satp,
      pbmte: (hart.slot('MENVCFG') & ENVCFG.PBMTE) !== 0n,
      readEntry: (at) => (leaf = this.ram.contains(Number(at), 8) ? this.ram.readBigU64(Number(at)) : 0n),
    });
    return leaf & PTE.X && !(leaf & PTE.U) ? physical : undefined;
  }
}
