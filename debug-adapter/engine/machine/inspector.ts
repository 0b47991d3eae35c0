import type { GuestAddress } from '../base/quantities.ts';
import type { HartView } from './cpu/hartContexts.ts';
import { SATP_MODE } from './cpu/satp.ts';
// Cycle: a machine inspects its own memory for semihosting calls.
import type { Machine } from './machine.ts';

const PAGE_BITS = 12n;
const PTE = { V: 1n, R: 2n, X: 8n };
const PPN_MASK = (1n << 44n) - 1n;
const PRIVILEGE_MACHINE = 3n;
/** The number of page table levels for each satp mode. */
const LEVELS: Partial<Record<number, number>> = { [SATP_MODE.SV39]: 3, [SATP_MODE.SV48]: 4 };

/**
 * Reads a machine's state without changing it: registers, CSRs, and memory through the current page tables. Does not
 * set accessed bits, fill TLB entries or access devices.
 */
export class Inspector {
  private machine: Machine;
  private fixedHart: number | undefined;

  /** Inspects the given hart. By default, inspects the hart that executes the next step at the time of each call. */
  constructor(machine: Machine, hart?: number) {
    this.machine = machine;
    this.fixedHart = hart;
  }

  /** The number of the inspected hart. */
  get hart(): number {
    return this.fixedHart ?? this.machine.currentHart;
  }

  private get view(): HartView {
    const { machine } = this;
    return this.fixedHart === undefined ? machine.hart : machine.harts.view(this.fixedHart, machine.position);
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

  /** The CSRs that this machine implements. */
  get csrs(): readonly { name: string; number: number }[] {
    return this.view.csrs;
  }

  /** The value that M-mode would read from a CSR; undefined if the CSR does not exist. */
  csr(number: number): bigint | undefined {
    return this.view.readCsr(number, this.machine.position);
  }

  /** The bytes at a virtual address, truncated at the first unreadable page. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array {
    const { ram } = this.machine;
    const bytes = new Uint8Array(lengthBytes);
    for (let done = 0; done < lengthBytes;) {
      const at = BigInt.asUintN(64, address + BigInt(done));
      const count = Math.min(lengthBytes - done, 4096 - Number(at & 0xfffn));
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
    const levels = hart.slot('PRIVILEGE') === PRIVILEGE_MACHINE ? undefined : LEVELS[Number(satp >> 60n)];
    if (levels) return this.walk(address, { root: (satp & PPN_MASK) << PAGE_BITS, levels });
    return address < 1n << 53n ? Number(address) : undefined;
  }

  /** Walks the page tables (Volume II, "Virtual Address Translation Process") without side effects. */
  private walk(address: bigint, { root, levels }: { root: bigint; levels: number }): GuestAddress | undefined {
    if (BigInt.asIntN(12 + 9 * levels, address) !== BigInt.asIntN(64, address)) return undefined;
    let table = root;
    for (let level = levels - 1; level >= 0; level--) {
      const shift = PAGE_BITS + 9n * BigInt(level);
      const entry = this.readEntry(table + ((address >> shift) & 0x1ffn) * 8n);
      if (entry === undefined || !(entry & PTE.V)) return undefined;
      const base = ((entry >> 10n) & PPN_MASK) << PAGE_BITS;
      if (entry & (PTE.R | PTE.X)) {
        const offset = (1n << shift) - 1n;
        // A misaligned superpage causes a page fault in the guest.
        return base & offset ? undefined : Number(base | (address & offset));
      }
      table = base;
    }
    return undefined;
  }

  private readEntry(address: bigint): bigint | undefined {
    const { ram } = this.machine;
    if (address >= 1n << 53n || !ram.contains(Number(address), 8)) return undefined;
    return BigInt(ram.readU32(Number(address))) | (BigInt(ram.readU32(Number(address) + 4)) << 32n);
  }
}
