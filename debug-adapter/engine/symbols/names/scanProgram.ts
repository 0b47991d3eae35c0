import type { Abbreviation } from '../dwarf/abbrev.ts';
import { AT, FORM, TAG } from '../dwarf/constants.ts';
import { KIND_NUMBER } from './nameHash.ts';
import { FIXED_SIZES, LEB_FORMS, type FormSizes } from '../dwarf/forms.ts';

/** Specifies how a scan processes the entries that use an abbreviation. */
export interface ScanProgram {
  /** Pairs of an operation and its operand. The operations read or skip the attributes in order. */
  steps: Int32Array;
  /** The kind of name that the entries define, as a number from `KIND_NUMBER`; negative if they define none. */
  kind: number;
  /** Whether the entry itself is indexed if it has a name. */
  isIndexed: boolean;
  /** A declaration is indexed only if a definition in the same unit refers to it. */
  isDeclaration: boolean;
  hasChildren: boolean;
  descends: boolean;
  /** Whether the entry is a scope that qualifies the names in it. */
  isScope: boolean;
}

/** The operations of a scan. If an operation's operand is a size, 0 means that the value is a LEB128 number. */
export const OP = {
  skip: 0,
  skipLeb: 1,
  skipString: 2,
  skipBlock: 3,
  /** A block that is preceded by its length. */
  skipSizedBlock: 4,
  nameInStrings: 5,
  nameInLineStrings: 6,
  nameHere: 7,
  nameByIndex: 8,
  sibling: 9,
  origin: 10,
  farOrigin: 11,
} as const;

const NO_KIND = -1;

/**
 * Translates an abbreviation to the operations of a scan. Returns undefined if it contains a form of unknown length;
 * the unit then cannot be scanned. In C, functions and structures are not searched, because the names in them are not
 * visible outside.
 */
export function scanProgram(abbreviation: Abbreviation, sizes: FormSizes, isC: boolean): ScanProgram | undefined {
  const { tag, names, hasChildren } = abbreviation;
  const has = (name: number) => names.includes(name);
  const kind = KINDS[tag] ?? NO_KIND;
  const isScope = !isC && SCOPES.has(tag);
  const name = kind < 0 && !isScope ? undefined : has(AT.name) ? AT.name : LINKAGE_NAME;
  // A name in a supplementary file cannot be scanned.
  if (name !== undefined && SUPPLEMENTARY_STRINGS.has(abbreviation.forms[names.indexOf(name)])) return undefined;
  const steps = stepsOf(abbreviation, sizes, { name, hasOrigin: kind >= 0 });
  if (!steps) return undefined;
  const isDeclaration = has(AT.declaration);
  return {
    steps,
    kind,
    isIndexed: kind >= 0 && (!NEEDS_LOCATION.has(tag) || isDeclaration || has(AT.location) || has(AT.constValue)),
    isDeclaration,
    hasChildren,
    descends: (isC ? DESCENDS_IN_C : DESCENDS).has(tag),
    isScope,
  };
}

/**
 * The operations that read or skip the attributes of an abbreviation. `name` is the attribute to read as the name. If
 * `hasOrigin` is set, also reads the reference to the earlier entry that an entry completes. Undefined if the
 * abbreviation contains a form of unknown length.
 */
export function stepsOf(
  { names, forms, hasChildren }: Abbreviation,
  sizes: FormSizes,
  wanted: { name: number | undefined; hasOrigin: boolean },
): Int32Array | undefined {
  const steps: number[] = [];
  for (let i = 0; i < names.length; i++) {
    const [name, form] = [names[i], forms[i]];
    const step =
      (name === wanted.name ? nameStep(form, sizes) : undefined) ??
      (name === AT.sibling && hasChildren ? referenceStep(OP.sibling, form, sizes) : undefined) ??
      (wanted.hasOrigin && ORIGINS.has(name) ? referenceStep(OP.origin, form, sizes) : undefined) ??
      skipStep(form, sizes);
    if (!step) return undefined;
    append(steps, step);
  }
  return Int32Array.from(steps);
}

type Step = readonly [operation: number, operand: number];

/** Consecutive attributes of fixed size are skipped together. */
function append(steps: number[], [operation, operand]: Step): void {
  const last = steps.length - 2;
  if (operation === OP.skip && last >= 0 && steps[last] === OP.skip) steps[last + 1] += operand;
  else if (operation !== OP.skip || operand > 0) steps.push(operation, operand);
}

function nameStep(form: number, { is64 }: FormSizes): Step | undefined {
  switch (form) {
    case FORM.strp:
      return [OP.nameInStrings, is64 ? 8 : 4];
    case FORM.lineStrp:
      return [OP.nameInLineStrings, is64 ? 8 : 4];
    case FORM.string:
      return [OP.nameHere, 0];
    case FORM.strx:
    case FORM.gnuStrIndex:
      return [OP.nameByIndex, 0];
    default: {
      const sizeBytes = [FORM.strx1, FORM.strx2, FORM.strx3, FORM.strx4].indexOf(form as typeof FORM.strx1) + 1;
      return sizeBytes > 0 ? [OP.nameByIndex, sizeBytes] : undefined;
    }
  }
}

function referenceStep(operation: number, form: number, { is64, version, addressBytes }: FormSizes): Step | undefined {
  switch (form) {
    case FORM.ref1:
      return [operation, 1];
    case FORM.ref2:
      return [operation, 2];
    case FORM.ref4:
      return [operation, 4];
    case FORM.ref8:
      return [operation, 8];
    case FORM.refUdata:
      return [operation, 0];
    case FORM.refAddr:
      return operation === OP.origin ? [OP.farOrigin, version <= 2 ? addressBytes : is64 ? 8 : 4] : undefined;
    default:
      return undefined;
  }
}

function skipStep(form: number, sizes: FormSizes): Step | undefined {
  const offsetBytes = sizes.is64 ? 8 : 4;
  switch (form) {
    case FORM.addr:
      return [OP.skip, sizes.addressBytes];
    case FORM.refAddr:
      return [OP.skip, sizes.version <= 2 ? sizes.addressBytes : offsetBytes];
    case FORM.block:
    case FORM.exprloc:
      return [OP.skipBlock, 0];
    case FORM.block1:
      return [OP.skipSizedBlock, 1];
    case FORM.block2:
      return [OP.skipSizedBlock, 2];
    case FORM.block4:
      return [OP.skipSizedBlock, 4];
    case FORM.string:
      return [OP.skipString, 0];
    default: {
      if (OFFSET_FORMS.has(form)) return [OP.skip, offsetBytes];
      if (LEB_FORMS.has(form)) return [OP.skipLeb, 0];
      const fixed = FIXED_SIZES[form];
      return fixed === undefined ? undefined : [OP.skip, fixed];
    }
  }
}

const SUPPLEMENTARY_STRINGS = new Set<number>([FORM.strpSup, FORM.gnuStrpAlt]);
export const LINKAGE_NAME = 0x6e;
const CLASS_TYPE = 0x02;
const MODULE = 0x1e;
const PARTIAL_UNIT = 0x3c;
const TYPE_UNIT = 0x41;
const SKELETON_UNIT = 0x4a;

const KINDS: Record<number, number | undefined> = {
  [TAG.structureType]: KIND_NUMBER.type,
  [TAG.unionType]: KIND_NUMBER.type,
  [CLASS_TYPE]: KIND_NUMBER.type,
  [TAG.enumerationType]: KIND_NUMBER.type,
  [TAG.baseType]: KIND_NUMBER.type,
  [TAG.typedef]: KIND_NUMBER.type,
  [TAG.unspecifiedType]: KIND_NUMBER.type,
  [TAG.variable]: KIND_NUMBER.variable,
  // Before DWARF 5, a static member's declaration is a member, and its definition is a variable.
  [TAG.member]: KIND_NUMBER.variable,
  [TAG.subprogram]: KIND_NUMBER.function,
  [TAG.enumerator]: KIND_NUMBER.enumerator,
};
/**
 * The kind of name that entries with a given tag define, as a number from `KIND_NUMBER`; undefined if they define none.
 */
export const kindOfTag = (tag: number): number | undefined => KINDS[tag];

const NEEDS_LOCATION = new Set<number>([TAG.variable, TAG.member]);
const ORIGINS = new Set<number>([AT.specification, AT.abstractOrigin]);

const DESCENDS_IN_C = new Set<number>([TAG.compileUnit, PARTIAL_UNIT, TYPE_UNIT, SKELETON_UNIT, TAG.enumerationType]);
const DESCENDS = new Set<number>([
  ...DESCENDS_IN_C,
  TAG.namespace,
  MODULE,
  TAG.structureType,
  TAG.unionType,
  CLASS_TYPE,
  TAG.subprogram,
  TAG.lexicalBlock,
]);

const SCOPES = new Set<number>([
  ...[TAG.namespace, MODULE, TAG.structureType, TAG.unionType, CLASS_TYPE, TAG.enumerationType],
]);

const OFFSET_FORMS = new Set<number>([
  FORM.strp,
  FORM.lineStrp,
  FORM.secOffset,
  FORM.strpSup,
  FORM.gnuRefAlt,
  FORM.gnuStrpAlt,
]);
