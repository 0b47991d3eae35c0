import { type Code, i32, select } from '../../base/wasm/code.ts';
import type { FaultCauses } from '../../isa/traps.ts';
import { slot, slot32 } from './coreContext.ts';
import { MSTATUS } from '../../isa/traps.ts';

/** The access types that address translation and PMP distinguish. */
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_FETCH = 2;

/** The cause of a fault, by the type of the access that faulted. */
export const causeOf = (access: Code, causes: FaultCauses): Code =>
  select(
    i32.eq(access, i32.const(ACCESS_FETCH)),
    i32.const(causes.fetch),
    select(access, i32.const(causes.store), i32.const(causes.load)),
  );

/**
 * The effective privilege for loads and stores: MPP while MPRV is set, otherwise the current privilege (Volume II,
 * "Machine Status Registers").
 */
export const dataPrivilege: Code = select(
  i32.and(i32.wrap(slot('MSTATUS')), i32.const(MSTATUS.MPRV)),
  i32.and(i32.shrU(i32.wrap(slot('MSTATUS')), i32.const(MSTATUS.MPP_SHIFT)), i32.const(3)),
  slot32('PRIVILEGE'),
);
