import { type Code, i32, select } from '../../base/wasm/code.ts';
import { slot, slot32 } from './coreContext.ts';
import { MSTATUS } from './mstatus.ts';

/** Kinds of access, for translation and protection. */
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_FETCH = 2;

/** Privilege that loads and stores act with: MPP's while MPRV is set. */
export const dataPrivilege: Code = select(
  i32.and(i32.wrap(slot('MSTATUS')), i32.const(MSTATUS.MPRV)),
  i32.and(i32.shrU(i32.wrap(slot('MSTATUS')), i32.const(MSTATUS.MPP_SHIFT)), i32.const(3)),
  slot32('PRIVILEGE'),
);
