import assert from 'node:assert/strict';
import { xxh64 } from '../../../debug-adapter/engine/base/xxhash64.ts';
import { encodeCbor } from '../../../debug-adapter/engine/base/cbor.ts';
import type { State } from '../../../debug-adapter/engine/base/state.ts';
import type { Inputs } from '../../../debug-adapter/engine/machine/inputs.ts';
import type { MachineStop } from '../../../debug-adapter/engine/machine/machine.ts';
import type { RunOptions } from '../../../debug-adapter/engine/target/target.ts';
import {
  NO_STOP_POINTS,
  type RegisterPoint,
  type StepHit,
  type StopPoints,
  type Trap,
} from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { DigestPart } from '../../../debug-adapter/engine/recording/logEntry.ts';
import type { TravelMachine } from '../../../debug-adapter/engine/timeline/travelMachine.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { C_NOP, DELAY, HALT, READ_TIME } from './toyProgram.ts';
import { ToyRam } from './toyRam.ts';

/** The CSRs of a toy hart. */
export const CSR = { mstatus: 0x300, mtvec: 0x305, mepc: 0x341, mcause: 0x342, satp: 0x180 } as const;

export interface ToyHart {
  pc: bigint;
  privilege: 0 | 3;
  registers: bigint[];
  csrs: Record<number, bigint>;
  retired: number;
  /** The number of steps that the current `delay` instruction still takes. */
  delay: number;
}

export interface ToyMachineOptions {
  code: readonly number[];
  harts?: number;
  /** The address of the trap and interrupt handler. */
  handler?: bigint;
  /** An interrupt occurs at each position that is a multiple of this number. */
  interruptEvery?: number;
}

export const QUANTUM = 7;
// A `delay` executes at most this many steps at once, so that pause signals are still checked.
const DELAY_CHUNK = 100_000;

/**
 * A machine for unit tests. It interprets a few RV64I instructions, traps and interrupts in M-mode, and an instruction
 * that reads a time from outside the machine. It executes about a million steps per second; the steps of a `delay` are
 * much faster. The program starts in U-mode.
 */
export class ToyMachine implements TravelMachine {
  readonly ram: ToyRam;
  inputs!: Inputs;
  /** The number of steps that this object has executed, including those that replayed the history. */
  executed = 0;
  private options: ToyMachineOptions;
  private at = 0;
  private halted = false;
  harts: ToyHart[];
  private points: StopPoints = NO_STOP_POINTS;
  private hits: StepHit[] = [];
  private runStart = 0;
  private pausedAt = -1;

  constructor(options: ToyMachineOptions) {
    this.options = options;
    // On the real machine, watchpoints would report the writes that restore memory as accesses by the guest.
    this.ram = new ToyRam(() =>
      assert.equal(this.points.watchpoints.length, 0, 'no watchpoints while RAM is restored'),
    );
    options.code.forEach((word, i) => this.ram.setWord(4 * i, word));
    this.harts = Array.from({ length: options.harts ?? 1 }, (_, i) => ({
      pc: ToyRam.BASE,
      privilege: 0 as const,
      registers: Array.from({ length: 32 }, (_, r) => (r === 2 ? ToyRam.BASE + BigInt(0x8000 - 0x1000 * i) : 0n)),
      csrs: { [CSR.mtvec]: options.handler ?? 0n, [CSR.mstatus]: 0n, [CSR.mepc]: 0n, [CSR.mcause]: 0n, [CSR.satp]: 0n },
      retired: 0,
      delay: 0,
    }));
  }

  readonly evaluations = 0;

  get position(): number {
    return this.at;
  }

  get currentHart(): number {
    return Math.floor(this.at / QUANTUM) % this.harts.length;
  }

  get quantum(): { start: number; end: number } {
    if (this.harts.length === 1) return { start: 0, end: Infinity };
    const start = Math.floor(this.at / QUANTUM) * QUANTUM;
    return { start, end: start + QUANTUM };
  }

  setStopPoints(points: StopPoints): void {
    if (points === this.points) return;
    this.points = points;
    this.pausedAt = -1;
  }

  run(until: number, wantsPause = (): boolean => false, options: RunOptions = {}): MachineStop {
    if (options.stopsAtStart) this.runStart = -1;
    else if (this.pausedAt !== this.at) this.runStart = this.at;
    this.pausedAt = -1;
    while (this.at < until) {
      const hits = this.takeHits();
      if (hits.length > 0) return { kind: 'hit', hits };
      if (wantsPause()) {
        this.pausedAt = this.at;
        return { kind: 'paused' };
      }
      if (this.halted) break;
      const hart = this.harts[this.currentHart];
      const stop = this.stopBefore(hart);
      if (stop) return stop;
      const before = this.watchedRegisters();
      this.step(hart, until);
      this.watchedRegisters().forEach(({ point, hart, value }, i) => {
        const change = { id: point.id, hart, oldValue: before[i].value, newValue: value };
        if (value !== before[i].value) this.hits.push({ kind: 'register', ...change, position: this.at - 1 });
      });
    }
    const hits = this.takeHits();
    if (hits.length > 0) return { kind: 'hit', hits };
    return this.halted ? { kind: 'finished', finish: { kind: 'pass', code: 0 } } : { kind: 'reached' };
  }

  saveState(): State {
    return {
      position: this.at,
      halted: this.halted,
      harts: this.harts.map(({ registers, csrs, ...hart }) => ({
        ...hart,
        registers: [...registers],
        csrs: { ...csrs },
      })),
    };
  }

  loadState(state: State): void {
    this.at = state.position as number;
    this.halted = state.halted as boolean;
    this.harts = (state.harts as unknown as ToyHart[]).map(({ registers, csrs, ...hart }) => ({
      ...hart,
      registers: [...registers],
      csrs: { ...csrs },
    }));
    this.pausedAt = -1;
  }

  digestParts(): DigestPart[] {
    return [
      { name: 'toy', value: xxh64(encodeCbor(this.saveState())) },
      { name: 'RAM', value: this.ram.digest() },
    ];
  }

  private takeHits(): StepHit[] {
    const hits = this.hits.splice(0);
    return hits.length > 0 ? (this.points.hitCondition?.(hits) ?? hits) : [];
  }

  private stopBefore(hart: ToyHart): Extract<MachineStop, { kind: 'breakpoint' | 'trap' }> | undefined {
    if (this.at === this.runStart) return undefined;
    const { breakpoints, condition, traps = [], trapCondition } = this.points;
    const { pc } = hart;
    if (!this.isInterruptDue() && breakpoints.has(pc) && (condition?.(pc) ?? true)) return { kind: 'breakpoint', pc };
    const trap = traps.length > 0 ? this.nextTrap(hart) : undefined;
    if (!trap) return undefined;
    const causes = trap.kind === 'interrupt' ? 'interrupts' : 'exceptions';
    const ids = traps.filter((point) => point[causes]?.has(trap.cause)).map(({ id }) => id);
    if (ids.length === 0 || (trapCondition && !trapCondition(trap, ids))) return undefined;
    return { kind: 'trap', trap, ids };
  }

  /** The trap that the hart's next step takes. */
  private nextTrap(hart: ToyHart): Trap | undefined {
    const { pc, privilege, delay, csrs } = hart;
    const isEcall = delay === 0 && this.ram.word(Number(pc - ToyRam.BASE)) === 0x73;
    if (!this.isInterruptDue() && !isEcall) return undefined;
    const at = { tval: 0n, pc, privilege, handlerPrivilege: 3, handler: csrs[CSR.mtvec], hart: this.currentHart };
    return this.isInterruptDue() ? { kind: 'interrupt', cause: 7, ...at } : { kind: 'exception', cause: 8, ...at };
  }

  private watchedRegisters(): { point: RegisterPoint; hart: number; value: bigint }[] {
    const { registers = [] } = this.points;
    return registers.flatMap((point) =>
      [...this.harts.keys()]
        .filter((hart) => point.hart === undefined || point.hart === hart)
        .map((hart) => ({ point, hart, value: this.valueOf(this.harts[hart], point.what) })),
    );
  }

  private valueOf({ registers, csrs }: ToyHart, what: RegisterPoint['what']): bigint {
    if (what.kind === 'csr') return csrs[what.number] ?? 0n;
    return what.kind === 'register' ? registers[what.register] : 0n;
  }

  private isInterruptDue(): boolean {
    const { interruptEvery } = this.options;
    return (
      interruptEvery !== undefined && this.at % interruptEvery === 0 && this.harts[this.currentHart].privilege === 0
    );
  }

  private step(hart: ToyHart, until: number): void {
    if (this.isInterruptDue()) this.trap(hart, (1n << 63n) | 7n);
    else if (hart.delay > 0) return this.wait(hart, until);
    else this.execute(hart);
    this.at++;
    this.executed++;
  }

  /** Executes many steps of a `delay` at once. */
  private wait(hart: ToyHart, until: number): void {
    const { interruptEvery = Infinity } = this.options;
    const interrupt = interruptEvery - (this.at % interruptEvery);
    const isWatched = this.points.breakpoints.has(hart.pc);
    const steps = Math.min(
      hart.delay,
      until - this.at,
      isWatched ? 1 : DELAY_CHUNK,
      this.quantum.end - this.at,
      interrupt,
    );
    hart.delay -= steps;
    hart.retired += steps;
    this.at += steps;
    this.executed += steps;
    if (hart.delay === 0) hart.pc += 4n;
  }

  private trap(hart: ToyHart, cause: bigint): void {
    hart.csrs[CSR.mepc] = hart.pc;
    hart.csrs[CSR.mcause] = cause;
    hart.csrs[CSR.mstatus] = BigInt(hart.privilege) << 11n;
    hart.privilege = 3;
    hart.pc = hart.csrs[CSR.mtvec];
  }

  private execute(hart: ToyHart): void {
    const word = this.ram.word(Number(hart.pc - ToyRam.BASE));
    if ((word & 3) !== 3) return this.executeCompressed(hart, word & 0xffff);
    const [rd, rs1, rs2] = [(word >>> 7) & 31, (word >>> 15) & 31, (word >>> 20) & 31];
    const [a, b] = [hart.registers[rs1], hart.registers[rs2]];
    const immediate = BigInt(word >> 20);
    const set = (value: bigint): void => {
      if (rd !== 0) hart.registers[rd] = BigInt.asUintN(64, value);
    };
    let next = hart.pc + 4n;
    const branch = (isTaken: boolean): void => {
      if (isTaken) next = hart.pc + branchOffset(word);
    };
    switch (word & 0x707f) {
      case 0x13:
        set(a + immediate);
        break;
      case 0x33:
        set(a + b);
        break;
      case 0x2003:
        set(BigInt.asIntN(32, this.load(a + immediate, 4)));
        break;
      case 0x3003:
        set(this.load(a + immediate, 8));
        break;
      case 0x2023:
        this.store(a + storeOffset(word), b, 4);
        break;
      case 0x3023:
        this.store(a + storeOffset(word), b, 8);
        break;
      case 0x63:
        branch(a === b);
        break;
      case 0x1063:
        branch(a !== b);
        break;
      case 0x1073:
        set(hart.csrs[word >>> 20]);
        hart.csrs[word >>> 20] = a;
        break;
      case 0x67:
        set(next);
        next = (a + immediate) & ~1n;
        break;
      case READ_TIME:
        set(BigInt(CLOCK_PORT.answers.decode(this.inputs.answer(this.at, CLOCK_PORT, undefined))));
        break;
      case HALT:
        this.halted = true;
        next = hart.pc;
        break;
      case 0x73:
        if (word === 0x73) return this.trap(hart, 8n);
        hart.privilege = Number((hart.csrs[CSR.mstatus] >> 11n) & 3n) as 0 | 3;
        // A real handler of an ecall would add 4 to mepc.
        next = hart.csrs[CSR.mepc] + (hart.csrs[CSR.mcause] === 8n ? 4n : 0n);
        break;
      default:
        next = this.executeLong(hart, word, { rd, next });
    }
    hart.pc = next;
    hart.retired++;
  }

  /** c.nop and c.jalr. */
  private executeCompressed(hart: ToyHart, word: number): void {
    const next = hart.pc + 2n;
    const isCall = word !== C_NOP;
    hart.pc = isCall ? hart.registers[(word >>> 7) & 31] : next;
    if (isCall) hart.registers[1] = next;
    hart.retired++;
  }

  /** The instructions with a 20-bit immediate. */
  private executeLong(hart: ToyHart, word: number, { rd, next }: { rd: number; next: bigint }): bigint {
    const isJump = (word & 0x7f) === 0x6f;
    if (isJump && rd !== 0) hart.registers[rd] = next;
    if (isJump) return hart.pc + jumpOffset(word);
    if ((word & 0x7f) !== DELAY) throw new Error(`the toy machine has no instruction ${(word >>> 0).toString(16)}`);
    hart.delay = word >>> 12;
    return hart.delay > 0 ? hart.pc : next;
  }

  private load(address: bigint, lengthBytes: number): bigint {
    const bytes = this.ram.read(address, lengthBytes);
    this.access('read', address, { before: bytes, after: bytes });
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  private store(address: bigint, value: bigint, lengthBytes: number): void {
    const range = this.points.watchpoints.map((point) => this.ram.read(BigInt(point.address), point.lengthBytes));
    const bytes = Uint8Array.from({ length: lengthBytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    this.ram.write(address, bytes);
    this.access('write', address, { before: bytes, after: bytes, range });
  }

  private access(
    access: 'read' | 'write',
    address: bigint,
    { after, range }: { before: Uint8Array; after: Uint8Array; range?: Uint8Array[] },
  ): void {
    this.points.watchpoints.forEach((point, i) => {
      const isInside =
        Number(address) < point.address + point.lengthBytes && Number(address) + after.length > point.address;
      const newBytes = this.ram.read(BigInt(point.address), point.lengthBytes);
      const oldBytes = range?.[i] ?? newBytes;
      const isHit = {
        read: access === 'read',
        write: access === 'write',
        readWrite: true,
        change: oldBytes.some((byte, at) => byte !== newBytes[at]),
      }[point.access];
      if (!isInside || !isHit) return;
      this.hits.push({ kind: 'access', id: point.id, access, oldBytes, newBytes, position: this.at });
    });
  }
}

const branchOffset = (word: number): bigint =>
  BigInt(((word >> 31) << 12) | ((word & 0x80) << 4) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e));

const jumpOffset = (word: number): bigint =>
  BigInt(((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe));

const storeOffset = (word: number): bigint => BigInt(((word >> 25) << 5) | ((word >>> 7) & 31));
