import type { ByteCursor } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import { FORM } from './constants.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** A decoded attribute value (DWARF 5, section 7.5.6). */
export type AttributeValue =
  | { kind: 'address'; value: bigint }
  | { kind: 'addressIndex'; index: number }
  | { kind: 'constant'; value: bigint }
  | { kind: 'text'; value: string }
  | { kind: 'textAt'; section: '.debug_str' | '.debug_line_str'; offset: number }
  | { kind: 'textIndex'; index: number }
  | { kind: 'block'; bytes: Uint8Array; at: number }
  | { kind: 'flag'; value: boolean }
  /** An offset relative to the start of the unit. */
  | { kind: 'unitReference'; offset: number }
  /** Offset in `.debug_info` of the same file. */
  | { kind: 'reference'; offset: number }
  | { kind: 'signature'; value: bigint }
  | { kind: 'sectionOffset'; offset: number }
  | { kind: 'listIndex'; index: number }
  /** Offset in `.debug_info` of the supplementary file. */
  | { kind: 'supplementaryReference'; offset: number }
  /** Offset in `.debug_str` of the supplementary file. */
  | { kind: 'supplementaryText'; offset: number };

/** The fields of the unit header that determine the sizes of forms. */
export interface FormSizes {
  is64: boolean;
  addressBytes: number;
  version: number;
}

/**
 * Decodes one attribute value. Indexes and string offsets are not resolved, because that requires other attributes of
 * the unit.
 */
export function readForm(c: ByteCursor, form: number, sizes: FormSizes, implicit: bigint | undefined): AttributeValue {
  switch (form) {
    case FORM.addr:
      return { kind: 'address', value: c.unsigned(sizes.addressBytes) };
    case FORM.data1:
      return { kind: 'constant', value: BigInt(c.u8()) };
    case FORM.data2:
      return { kind: 'constant', value: BigInt(c.u16()) };
    case FORM.data4:
      return { kind: 'constant', value: BigInt(c.u32()) };
    case FORM.data8:
      return { kind: 'constant', value: c.u64() };
    case FORM.sdata:
      return { kind: 'constant', value: c.slebBig() };
    case FORM.udata:
      return { kind: 'constant', value: c.ulebBig() };
    case FORM.implicitConst:
      return { kind: 'constant', value: implicit ?? 0n };
    case FORM.flag:
      return { kind: 'flag', value: c.u8() !== 0 };
    case FORM.flagPresent:
      return { kind: 'flag', value: true };
    case FORM.secOffset:
      return { kind: 'sectionOffset', offset: c.offset(sizes.is64) };
    case FORM.loclistx:
    case FORM.rnglistx:
      return { kind: 'listIndex', index: c.uleb() };
    case FORM.indirect:
      return readForm(c, directForm(c), sizes, undefined);
    default:
      return readText(c, form, sizes) ?? readReference(c, form, sizes) ?? readBlock(c, form);
  }
}

function readText(c: ByteCursor, form: number, { is64 }: FormSizes): AttributeValue | undefined {
  switch (form) {
    case FORM.string:
      return { kind: 'text', value: c.string() };
    case FORM.strp:
      return { kind: 'textAt', section: '.debug_str', offset: c.offset(is64) };
    case FORM.lineStrp:
      return { kind: 'textAt', section: '.debug_line_str', offset: c.offset(is64) };
    case FORM.strpSup:
    case FORM.gnuStrpAlt:
      return { kind: 'supplementaryText', offset: c.offset(is64) };
    case FORM.strx:
    case FORM.gnuStrIndex:
      return { kind: 'textIndex', index: c.uleb() };
    case FORM.strx1:
      return { kind: 'textIndex', index: c.u8() };
    case FORM.strx2:
      return { kind: 'textIndex', index: c.u16() };
    case FORM.strx3:
      return { kind: 'textIndex', index: c.u24() };
    case FORM.strx4:
      return { kind: 'textIndex', index: c.u32() };
    default:
      return undefined;
  }
}

function readReference(c: ByteCursor, form: number, sizes: FormSizes): AttributeValue | undefined {
  switch (form) {
    case FORM.ref1:
      return { kind: 'unitReference', offset: c.u8() };
    case FORM.ref2:
      return { kind: 'unitReference', offset: c.u16() };
    case FORM.ref4:
      return { kind: 'unitReference', offset: c.u32() };
    case FORM.ref8:
      return { kind: 'unitReference', offset: c.toSafeInteger(c.u64()) };
    case FORM.refUdata:
      return { kind: 'unitReference', offset: c.uleb() };
    case FORM.refAddr:
      return { kind: 'reference', offset: refAddr(c, sizes) };
    case FORM.gnuRefAlt:
      return { kind: 'supplementaryReference', offset: c.offset(sizes.is64) };
    case FORM.refSup4:
      return { kind: 'supplementaryReference', offset: c.u32() };
    case FORM.refSup8:
      return { kind: 'supplementaryReference', offset: c.toSafeInteger(c.u64()) };
    case FORM.refSig8:
      return { kind: 'signature', value: c.u64() };
    case FORM.addrx:
    case FORM.gnuAddrIndex:
      return { kind: 'addressIndex', index: c.uleb() };
    case FORM.addrx1:
      return { kind: 'addressIndex', index: c.u8() };
    case FORM.addrx2:
      return { kind: 'addressIndex', index: c.u16() };
    case FORM.addrx3:
      return { kind: 'addressIndex', index: c.u24() };
    case FORM.addrx4:
      return { kind: 'addressIndex', index: c.u32() };
    default:
      return undefined;
  }
}

/** Reads a DW_FORM_ref_addr reference. In DWARF 2, it has the size of an address. */
function refAddr(c: ByteCursor, { version, addressBytes, is64 }: FormSizes): number {
  return version <= 2 ? c.toSafeInteger(c.unsigned(addressBytes)) : c.offset(is64);
}

function readBlock(c: ByteCursor, form: number): AttributeValue {
  const lengthBytes = blockLength(c, form) ?? unknownForm(c, form);
  return { kind: 'block', at: c.at, bytes: c.block(lengthBytes) };
}

function blockLength(c: ByteCursor, form: number): number | undefined {
  switch (form) {
    case FORM.exprloc:
    case FORM.block:
      return c.uleb();
    case FORM.block1:
      return c.u8();
    case FORM.block2:
      return c.u16();
    case FORM.block4:
      return c.u32();
    case FORM.data16:
      return 16;
    default:
      return undefined;
  }
}

/** Skips one attribute value without decoding it, because most values are never needed. */
export function skipForm(c: ByteCursor, form: number, sizes: FormSizes): void {
  const size = FIXED_SIZES[form];
  if (size !== undefined) {
    c.skip(size);
    return;
  }
  switch (form) {
    case FORM.addr:
      c.skip(sizes.addressBytes);
      return;
    case FORM.strp:
    case FORM.lineStrp:
    case FORM.secOffset:
    case FORM.strpSup:
    case FORM.gnuRefAlt:
    case FORM.gnuStrpAlt:
      c.skip(sizes.is64 ? 8 : 4);
      return;
    case FORM.refAddr:
      refAddr(c, sizes);
      return;
    case FORM.string:
      c.skipString();
      return;
    case FORM.indirect:
      skipForm(c, directForm(c), sizes);
      return;
    default:
      skipVariable(c, form);
  }
}

function skipVariable(c: ByteCursor, form: number): void {
  if (LEB_FORMS.has(form)) c.skipLeb();
  else c.skip(blockLength(c, form) ?? unknownForm(c, form));
}

function unknownForm(c: ByteCursor, form: number): never {
  throw new MalformedData(c.section.name, symbolDamage.form(form));
}

function directForm(c: ByteCursor): number {
  const form = c.uleb();
  // DWARF 5, section 7.5.3: DW_FORM_indirect cannot select these two forms.
  if (form === FORM.indirect || form === FORM.implicitConst) unknownForm(c, form);
  return form;
}

export const FIXED_SIZES: Record<number, number | undefined> = {
  [FORM.data1]: 1,
  [FORM.data2]: 2,
  [FORM.data4]: 4,
  [FORM.data8]: 8,
  [FORM.data16]: 16,
  [FORM.flag]: 1,
  [FORM.flagPresent]: 0,
  [FORM.implicitConst]: 0,
  [FORM.ref1]: 1,
  [FORM.ref2]: 2,
  [FORM.ref4]: 4,
  [FORM.ref8]: 8,
  [FORM.refSig8]: 8,
  [FORM.refSup4]: 4,
  [FORM.refSup8]: 8,
  [FORM.strx1]: 1,
  [FORM.strx2]: 2,
  [FORM.strx3]: 3,
  [FORM.strx4]: 4,
  [FORM.addrx1]: 1,
  [FORM.addrx2]: 2,
  [FORM.addrx3]: 3,
  [FORM.addrx4]: 4,
};

export const LEB_FORMS = new Set<number>([
  FORM.sdata,
  FORM.udata,
  FORM.refUdata,
  FORM.strx,
  FORM.addrx,
  FORM.loclistx,
  FORM.rnglistx,
  FORM.gnuAddrIndex,
  FORM.gnuStrIndex,
]);
