import { PAGE_SIZE_BYTES, type GuestAddress } from '../base/quantities.ts';
import { csrNumber } from '../isa/csrs.ts';
import { levelsOf, walkPageTables } from '../isa/pageTables.ts';
import { PRIVILEGE } from '../isa/traps.ts';
import type { HartView } from './cpu/hartContexts.ts';
import { ENVCFG } from './cpu/envcfg.ts';
// Cycle: a machine inspects its own memory for semihosting calls.
import type { Machine } from './machine.ts';
import type { Inspector } from '../target/inspector.ts';

/**
 * Reads a machine's state without changing it: registers, CSRs, and memory through the current page tables. Does not
 * set accessed bits, fill TLB entries or access devices.
 */
export class MachineInspector implements Inspector {
  private machine: Machine;
  private fixedHart: number | undefined;

  /** Inspects the given hart. By default, each call inspects the machine's current `inspectedHart`. */
  constructor(machine: Machine, hart?: number) {
    this.machine = machine;
    this.fixedHart = hart;
  }

  /** The number of the inspected hart. */
  get hart(): number {
    return this.fixedHart ?? this.machine.inspectedHart;
  }

  private get view(): HartView {
    const { machine, hart } = this;
    const isCurrent = this.fixedHart === undefined && hart === machine.currentHart;
    return isCurrent ? machine.hart : machine.harts.view(hart, machine.position);
  }

  get pc(): bigint {
    return this.view.slot('PC');
  }

  /** The privilege mode: 0 U, 1 S, 3 M. */
  get privilege(): number {
    return Number(this.view.slot('PRIVILEGE'));
  }

  register(index: number): bigint {
    return this.view.register(index);
  }

  /** All 64 bits of a floating-point register, in which a single-precision value is NaN-boxed. */
  float(index: number): bigint {
    return this.view.float(index);
  }

  get csrs(): readonly { name: string; number: number }[] {
    return this.view.csrs;
  }

  /** The value that M-mode would read from a CSR; undefined if the CSR does not exist. */
  csr(number: number): bigint | undefined {
    const { machine, view } = this;
    // The hart's own copy of the clock is updated only before the hart runs.
    if (number === TIME) return machine.board.clint.time();
    if (number !== MIP && number !== SIP) return view.readCsr(number, machine.position);
    // The hart's own copy of the interrupt lines is updated only before the hart runs.
    const pending = BigInt(machine.interrupts.pending(this.hart, machine.nanoseconds));
    return number === MIP ? pending : pending & view.slot('MIDELEG');
  }

  /** The bytes at a virtual address, truncated at the first unreadable page. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array {
    const { ram } = this.machine;
    const bytes = new Uint8Array(lengthBytes);
    for (let done = 0; done < lengthBytes;) {
      const at = BigInt.asUintN(64, address + BigInt(done));
      const count = Math.min(lengthBytes - done, PAGE_SIZE_BYTES - Number(at % BigInt(PAGE_SIZE_BYTES)));
      const physical = this.translate(at);
      if (physical === undefined || !ram.contains(physical, count)) return bytes.subarray(0, done);
      ram.read(physical, bytes.subarray(done, done + count));
      done += count;
    }
    return bytes;
  }

  /**
   * The physical address of a virtual address in the current privilege mode; undefined if it is not mapped. Permissions
   * are not checked, so that a debugger can read memory that the guest is not allowed to read.
   */
  translate(address: bigint): GuestAddress | undefined {
    const hart = this.view;
    const satp = hart.slot('SATP');
    const isTranslated = this.privilege !== PRIVILEGE.MACHINE && levelsOf(satp) !== undefined;
    const physical = isTranslated
      ? walkPageTables(address, {
          satp,
          pbmte: (hart.slot('MENVCFG') & ENVCFG.PBMTE) !== 0n,
          readEntry: (at) => this.readEntry(at),
        })
      : address;
    return physical !== undefined && physical < 1n << 53n ? Number(physical) : undefined;
  }

  isRam(address: GuestAddress, lengthBytes: number): boolean {
    return this.machine.ram.contains(address, lengthBytes);
  }

  readPhysical(address: GuestAddress, lengthBytes: number): Uint8Array | undefined {
    if (!this.isRam(address, lengthBytes)) return undefined;
    const bytes = new Uint8Array(lengthBytes);
    this.machine.ram.read(address, bytes);
    return bytes;
  }

  private readEntry(address: bigint): bigint | undefined {
    const { ram } = this.machine;
    if (address >= 1n << 53n || !ram.contains(Number(address), 8)) return undefined;
    return ram.readBigU64(Number(address));
  }
}

const MIP = csrNumber('mip');
const SIP = csrNumber('sip');
const TIME = csrNumber('time');
