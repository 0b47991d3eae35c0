import { assert } from '../base/assert.ts';
import { lazy } from '../base/once.ts';

/**
 * The name of a control and status register, whether or not this machine implements it (Volume II, "Control and Status
 * Registers", and the AIA, Smstateen, vector and debug specifications). For an unknown number, returns the number in
 * hexadecimal.
 */
export const csrName = (number: number): string => names().get(number) ?? `0x${number.toString(16)}`;

/** The number of the register with this name; an assertion fails if there is none. */
export function csrNumber(name: string): number {
  const number = findCsr(name);
  assert(number !== undefined, `there is a CSR named ${name}`);
  return number;
}

/** The number of the register with this name, if there is one. */
export const findCsr = (name: string): number | undefined => numbers().get(name);

/** The size of the CSR address space. */
export const CSR_NUMBERS = 4096;

/**
 * Whether the CSR can be watched for changes. Counters and the `time` CSR cannot, because they change with every step.
 */
export const isWatchable = (number: number): boolean =>
  !/^m?(cycle|time|instret|hpmcounter\d+)h?$/.test(csrName(number));

/** The CSRs of the F extension. */
export const FLOAT_CSRS: readonly string[] = ['fflags', 'frm', 'fcsr'];

/**
 * Each row lists the names of consecutively numbered registers, and its key is the first number. `-` skips a number;
 * `name{3..31}` means one name for each number in the range.
 */
const TABLE: Record<number, string> = {
  0x001: 'fflags frm fcsr',
  0x008: 'vstart vxsat vxrm',
  0x00f: 'vcsr',
  0x015: 'seed',
  0x100: 'sstatus - - - sie stvec scounteren - - - senvcfg - sstateen{0..3}',
  0x114: 'sieh',
  0x140: 'sscratch sepc scause stval sip',
  0x14d: 'stimecmp - - siselect sireg - - siph',
  0x15c: 'stopei stimecmph',
  0x180: 'satp',
  0x200: 'vsstatus - - - vsie vstvec',
  0x214: 'vsieh',
  0x240: 'vsscratch vsepc vscause vstval vsip',
  0x24d: 'vstimecmp - - vsiselect vsireg - - vsiph',
  0x25c: 'vstopei vstimecmph',
  0x280: 'vsatp',
  0x300: 'mstatus misa medeleg mideleg mie mtvec mcounteren - mvien mvip menvcfg - mstateen{0..3}',
  0x310:
    'mstatush - - midelegh mieh - - - mvienh mviph menvcfgh - mstateen{0..3}h mcountinhibit - - mhpmevent{3..31} mscratch mepc mcause mtval mip',
  0x34a: 'mtinst mtval2',
  0x350: 'miselect mireg - - miph',
  0x35c: 'mtopei',
  0x3a0: 'pmpcfg{0..15} pmpaddr{0..63}',
  0x5a8: 'scontext',
  0x600: 'hstatus - hedeleg hideleg hie htimedelta hcounteren hgeie hvien hvictl henvcfg - hstateen{0..3}',
  0x613: 'hidelegh - htimedeltah - - hvienh - henvcfgh - hstateen{0..3}h',
  0x643: 'htval hip hvip hviprio1 hviprio2 - - htinst',
  0x655: 'hviph hviprio1h hviprio2h',
  0x680: 'hgatp',
  0x6a8: 'hcontext',
  0x723: 'mhpmevent{3..31}h',
  0x747: 'mseccfg',
  0x757: 'mseccfgh',
  0x7a0: 'tselect tdata{1..3} tinfo tcontrol - - mcontext - mscontext',
  0x7b0: 'dcsr dpc dscratch0 dscratch1',
  0xb00: 'mcycle - minstret mhpmcounter{3..31}',
  0xb80: 'mcycleh - minstreth mhpmcounter{3..31}h',
  0xc00: 'cycle time instret hpmcounter{3..31} vl vtype vlenb',
  0xc80: 'cycleh timeh instreth hpmcounter{3..31}h',
  0xda0: 'scountovf',
  0xdb0: 'stopi',
  0xe12: 'hgeip',
  0xeb0: 'vstopi',
  0xf11: 'mvendorid marchid mimpid mhartid mconfigptr',
  0xfb0: 'mtopi',
};

const names = lazy(
  () =>
    new Map(
      Object.entries(TABLE).flatMap(([first, line]) =>
        line
          .split(' ')
          .flatMap(numbered)
          .map((name, i): [number, string] => [Number(first) + i, name])
          .filter(([, name]) => name !== '-'),
      ),
    ),
);

const numbers = lazy(() => new Map([...names()].map(([number, name]) => [name, number])));

function numbered(name: string): string[] {
  const [, stem, first, last, end] = /^(\w+)\{(\d+)\.\.(\d+)\}(h?)$/.exec(name) ?? [];
  if (stem === undefined) return [name];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${stem}${Number(first) + i}${end}`);
}
