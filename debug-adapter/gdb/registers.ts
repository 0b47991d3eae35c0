import {
  CSR_NUMBERS,
  FLOAT_CSRS,
  FLOAT_REGISTER_NAMES,
  INTEGER_REGISTER_NAMES,
  type Predicate,
  type Session,
} from '../engine/index.ts';
import { littleEndian } from './hex.ts';

type Inspector = Session['inspector'];

const PC = 32;
const FIRST_FLOAT = 33;
const FIRST_CSR = 65;
const LAST_CSR = FIRST_CSR + CSR_NUMBERS - 1;
/** The number of the register that holds the privilege mode; RISCV_PRIV_REGNUM in gdb. */
const PRIVILEGE = LAST_CSR + 1;
const VALUE_BYTES = 8;

/**
 * The registers in a `g` packet: x0 to x31 and pc. gdb requests all other registers one at a time. Register numbers are
 * the same as in gdb and OpenOCD: x0 to x31, pc, f0 to f31, then 65 + number for a CSR.
 */
export const registerNumbers: readonly number[] = Array.from({ length: PC + 1 }, (_, number) => number);

/** The register values for the reply to a `g` packet. */
export function allRegisters(inspector: Inspector): string {
  return registerNumbers.map((number) => readRegister(inspector, number)!).join('');
}

/** Returns a register's value in the protocol's notation; undefined if the register does not exist. */
export function readRegister(inspector: Inspector, number: number): string | undefined {
  const value = valueOf(inspector, number);
  return value === undefined ? undefined : littleEndian(value, VALUE_BYTES);
}

/** The value of a register as a predicate. Undefined if no register has this number. */
export function registerPredicate(number: number): Predicate | undefined {
  if (number < PC) return { kind: 'register', register: number };
  if (number === PC) return { kind: 'pc' };
  if (number < FIRST_CSR) return { kind: 'float', register: number - FIRST_FLOAT };
  if (number <= LAST_CSR) return { kind: 'csr', number: number - FIRST_CSR };
  return number === PRIVILEGE ? { kind: 'privilege' } : undefined;
}

/**
 * The registers that gdb reads at every stop (pc, ra, sp, fp). The stop reply contains them, so that gdb need not
 * request them.
 */
export function expeditedRegisters(inspector: Inspector): string {
  return [PC, 1, 2, 8].map((number) => `${number.toString(16)}:${readRegister(inspector, number)};`).join('');
}

/** The target description with the machine's registers (gdb manual, "RISC-V Features"). */
export function targetXml(inspector: Inspector): string {
  return [
    '<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n',
    '<architecture>riscv:rv64</architecture>\n',
    feature('cpu', [
      ...GENERAL.map((name, number) => register(name, number, TYPES[name])),
      register('pc', PC, 'code_ptr'),
    ]),
    feature('fpu', [
      ...FLOAT_REGISTER_NAMES.map((name, i) => register(name, FIRST_FLOAT + i, 'ieee_double')),
      ...inspector.csrs.filter(isOfFloats).map(({ name, number }) => register(name, FIRST_CSR + number)),
    ]),
    feature(
      'csr',
      inspector.csrs
        .filter((csr) => !isOfFloats(csr))
        .map(({ name, number }) => register(name, FIRST_CSR + number, 'int', ' group="csr"')),
    ),
    feature('virtual', [register('priv', PRIVILEGE, 'int')]),
    '</target>\n',
  ].join('');
}

function valueOf(inspector: Inspector, number: number): bigint | undefined {
  if (number < PC) return inspector.register(number);
  if (number === PC) return inspector.pc;
  if (number >= FIRST_FLOAT && number < FIRST_CSR) return inspector.float(number - FIRST_FLOAT);
  if (number === PRIVILEGE) return BigInt(inspector.privilege);
  return number >= FIRST_CSR && number <= LAST_CSR ? inspector.csr(number - FIRST_CSR) : undefined;
}

/** The names of x0 to x31 in gdb, which calls s0 `fp`. */
const GENERAL = INTEGER_REGISTER_NAMES.map((name) => (name === 's0' ? 'fp' : name));
/** Whether gdb expects a CSR in the floating-point feature of the target description. */
const isOfFloats = ({ name }: { name: string }): boolean => FLOAT_CSRS.includes(name);
const TYPES: Record<string, string> = {
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
  fp: 'data_ptr',
};

const feature = (name: string, registers: string[]): string =>
  `<feature name="org.gnu.gdb.riscv.${name}">\n${registers.join('')}</feature>\n`;

const register = (name: string, number: number, type = 'int', more = ''): string =>
  `<reg name="${name}" bitsize="64" regnum="${number}" type="${type}"${more}/>\n`;
