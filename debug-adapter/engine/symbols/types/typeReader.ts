import { MalformedData } from '../damage.ts';
import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { evaluateNumber, type ExpressionContext } from '../dwarf/expression.ts';
import { qualify } from '../dwarf/outline.ts';
import type { NameIndex } from './nameIndex.ts';
import { scopedName, SHORT_TYPE_NAMES } from './scopedName.ts';
import type {
  ArrayType,
  Base,
  BaseType,
  CompositeType,
  EnumerationType,
  Enumerator,
  FunctionType,
  Member,
  MemberPointerType,
  QualifiedType,
  Type,
  VariantPart,
  VirtualMethod,
} from './type.ts';
import { typeName } from './typeName.ts';
import { isSigned, stripTypedefs } from './typeTraits.ts';
import { readVariantPart, wideConstant } from './variantParts.ts';

/**
 * Creates types from DIEs (DWARF 5, chapter 5), once per DIE. Referenced types are read on demand. A damaged type is
 * treated as void or as empty, so code that uses types needs no error handling.
 */
export class TypeReader {
  private readonly names: NameIndex;
  private readonly report: (damage: MalformedData) => void;
  private readonly known = new Map<number, Type>();

  constructor(names: NameIndex, report: (damage: MalformedData) => void) {
    this.names = names;
    this.report = report;
  }

  /** The type that an entry's DW_AT_type refers to; void if the attribute is missing (section 5.2). */
  typeOf(die: Die): Type {
    const type = die.entryWith(AT.type)?.reference(AT.type);
    return type ? this.typeFrom(type) : VOID;
  }

  typeFrom(die: Die): Type {
    let type = this.known.get(die.key);
    if (!type) {
      type = this.make(die);
      this.known.set(die.key, type);
    }
    return type;
  }

  private make(die: Die): Type {
    const target = this.lazy<Type>(VOID, () => this.typeOf(die));
    switch (die.tag) {
      case TAG.baseType:
        return readBase(die);
      case TAG.pointerType:
        return { kind: 'pointer', sizeBytes: die.size(AT.byteSize) ?? 8, target };
      case TAG.referenceType:
      case TAG.rvalueReferenceType: {
        const reference = die.tag === TAG.referenceType ? '&' : '&&';
        return { kind: 'pointer', sizeBytes: die.size(AT.byteSize) ?? 8, target, reference };
      }
      case TAG.pointerToMemberType:
        return this.memberPointer(die, target);
      case TAG.structureType:
      case TAG.classType:
      case TAG.unionType:
        return this.composite(die);
      case TAG.arrayType:
        return this.array(die);
      case TAG.enumerationType:
        return this.enumeration(die);
      case TAG.typedef:
        return { kind: 'typedef', name: scopedName(die), target };
      case TAG.subroutineType:
      case TAG.subprogram:
        return this.function(die);
      case TAG.unspecifiedType:
        return { kind: 'void', ...(die.name && { name: die.name }) };
      default: {
        const qualifier = QUALIFIERS[die.tag];
        return qualifier ? { kind: 'qualified', qualifier, target } : VOID;
      }
    }
  }

  function(die: Die): FunctionType {
    const children = this.lazy<Die[]>([], () => [...die.children()]);
    return {
      kind: 'function',
      result: this.lazy<Type>(VOID, () => this.typeOf(die)),
      parameters: this.lazy<Type[]>([], () =>
        children()
          .filter(({ tag }) => tag === TAG.formalParameter)
          .map((child) => this.parameter(child)),
      ),
      get isVariadic() {
        return children().some(({ tag }) => tag === TAG.unspecifiedParameters);
      },
      // All C++ functions have prototypes.
      isPrototyped: die.unit.language === 'c++' || (die.entryWith(AT.prototyped)?.flag(AT.prototyped) ?? false),
      language: die.unit.language,
    };
  }

  /** The type of a parameter. As in gdb (read_subroutine_type), `this` is a const pointer. */
  private parameter(die: Die): Type {
    const type = this.typeOf(die);
    const isThis = die.unit.language === 'c++' && die.flag(AT.artificial) && type.kind === 'pointer';
    return isThis ? { kind: 'qualified', qualifier: 'const', target: () => type } : type;
  }

  /**
   * A declaration resolves to its definition in another unit, if there is one. A declaration may refer to its
   * definition by a signature (section 5.7.1).
   */
  private composite(declared: Die): CompositeType {
    const keyword = KEYWORDS[declared.tag] ?? 'struct';
    const name = scopedName(declared);
    const isDeclaration = declared.flag(AT.declaration);
    const signed = declared.reference(AT.signature);
    if (signed && !signed.has(AT.signature)) return this.composite(signed);
    const definition = isDeclaration && name ? this.definition(declared) : declared;
    const die = definition ?? declared;
    return {
      kind: keyword === 'union' ? 'union' : 'struct',
      keyword,
      name,
      language: die.unit.language,
      sizeBytes: die.size(AT.byteSize) ?? 0,
      isIncomplete: die.flag(AT.declaration),
      virtualMethods: this.lazy<VirtualMethod[]>([], () => this.virtualMethods(die)),
      bases: this.lazy<Base[]>([], () => this.bases(die)),
      members: this.lazy<Member[]>([], () => this.members(die)),
      variants: this.lazy(undefined, () => this.variants(die)),
      nestedType: (name) => this.guarded(undefined, () => this.nestedType(die, name)),
      templateTypes: this.lazy<(Type | undefined)[]>([], () => this.templateTypes(die)),
    };
  }

  private nestedType(die: Die, name: string): Type | undefined {
    for (const child of die.children()) {
      if (NESTED_TAGS.has(child.tag) && child.name === name) return this.typeFrom(child);
    }
    return undefined;
  }

  private templateTypes(die: Die): (Type | undefined)[] {
    const types: (Type | undefined)[] = [];
    for (const child of die.children()) {
      if (child.tag === TAG.templateTypeParameter) types.push(this.typeOf(child));
      else if (child.tag === TAG.templateValueParameter) types.push(undefined);
    }
    return types;
  }

  /**
   * Finds the definition of a declared type by name. In C++, a class can be declared with `struct` and defined with
   * `class`, and types in different scopes can have the same name.
   */
  private definition(declared: Die): Die | undefined {
    const name = scopedName(declared);
    const keyword = KEYWORDS[declared.tag] ?? 'struct';
    for (const each of keyword === 'union' ? [keyword] : [keyword, keyword === 'class' ? 'struct' : 'class']) {
      for (const die of this.names.find('type', `${each} ${declared.name}`)) {
        if (scopedName(die) === name) return die;
      }
    }
    return undefined;
  }

  private memberPointer(die: Die, target: () => Type): MemberPointerType {
    const container = this.lazy<Type>(VOID, () => {
      const type = die.reference(AT.containingType);
      return type ? this.typeFrom(type) : VOID;
    });
    // In the Itanium C++ ABI, a pointer to a member function also contains an adjustment to `this`.
    const isFunction = this.guarded(undefined, () => die.reference(AT.type))?.tag === TAG.subroutineType;
    return { kind: 'memberPointer', sizeBytes: die.size(AT.byteSize) ?? (isFunction ? 16 : 8), target, container };
  }

  private virtualMethods(die: Die): VirtualMethod[] {
    const methods: VirtualMethod[] = [];
    for (const child of die.children()) {
      const expression = child.tag === TAG.subprogram ? child.block(AT.vtableElemLocation) : undefined;
      const index = expression && evaluateNumber(expression, withoutFrame(die));
      if (index !== undefined) methods.push({ name: this.methodName(child), index: Number(index) });
    }
    return methods;
  }

  private methodName(die: Die): string {
    const [self, ...parameters] = this.function(die).parameters();
    const pointer = self && stripTypedefs(self);
    const object = pointer?.kind === 'pointer' ? pointer.target() : VOID;
    const isConst = object.kind === 'qualified' && object.qualifier === 'const';
    return `${scopedName(die)}(${parameters.map(typeName).join(', ')})${isConst ? ' const' : ''}`;
  }

  private bases(die: Die): Base[] {
    const bases: Base[] = [];
    for (const child of die.children()) {
      if (child.tag !== TAG.inheritance) continue;
      const isVirtual = (child.number(AT.virtuality) ?? 0) !== 0;
      bases.push({
        type: this.lazy<Type>(VOID, () => this.typeOf(child)),
        offsetBytes: isVirtual ? 0 : memberOffset(child),
        ...(isVirtual && { virtualKey: child.key }),
      });
    }
    return bases;
  }

  private members(die: Die): Member[] {
    const members: Member[] = [];
    for (const child of die.children()) {
      // In DWARF 5, a static member has the tag DW_TAG_variable; in older versions, it has DW_TAG_member.
      const isStatic = child.tag === TAG.variable || child.flag(AT.external);
      if (child.tag !== TAG.member && child.tag !== TAG.variable) continue;
      members.push(this.member(child, isStatic));
    }
    return members;
  }

  private member(die: Die, isStatic: boolean): Member {
    const name = die.name ?? '';
    return {
      name: die.unit.language === 'rust' ? name.replace(/^__(?=\d+$)/, '') : name,
      type: this.lazy<Type>(VOID, () => this.typeOf(die)),
      ...(isStatic ? { offsetBytes: 0, bits: undefined, staticKey: die.key } : layoutOf(die, this)),
    };
  }

  private variants(die: Die): VariantPart | undefined {
    return die.unit.language === 'rust' ? readVariantPart(die, (each) => this.member(each, false)) : undefined;
  }

  /** A multidimensional array has one subrange for each dimension, outermost first (section 5.5). */
  private array(die: Die): Type {
    const dimensions: Pick<ArrayType, 'count' | 'boundsKey' | 'strideBytes'>[] = [];
    for (const child of die.children()) {
      if (child.tag === TAG.subrangeType) dimensions.push(dimensionOf(child));
    }
    let element = this.lazy<Type>(VOID, () => this.typeOf(die));
    let type: ArrayType | undefined;
    const isVector = die.flag(AT.gnuVector);
    for (const dimension of (dimensions.length > 0 ? dimensions : [{ count: undefined }]).reverse()) {
      const array: ArrayType = { kind: 'array', element, ...dimension, ...(isVector && { isVector }) };
      element = () => array;
      type = array;
    }
    return type ?? VOID;
  }

  private enumeration(die: Die): EnumerationType {
    const sizeBytes = die.size(AT.byteSize) ?? 4;
    const underlying = die.has(AT.type) ? this.lazy<Type>(VOID, () => this.typeOf(die)) : undefined;
    // rustc writes negative values as unsigned numbers.
    const inRange = (value: bigint) =>
      underlying && isSigned(underlying()) ? BigInt.asIntN(8 * Math.max(0, Math.min(sizeBytes, 16)), value) : value;
    const enumerators = this.lazy<Enumerator[]>([], () =>
      [...die.children()]
        .filter(({ tag }) => tag === TAG.enumerator)
        .map((child) => ({
          name: die.flag(AT.enumClass) ? qualify(scopedName(die), child.name ?? '') : scopedName(child),
          value: inRange(wideConstant(child, AT.constValue) ?? 0n),
        })),
    );
    return {
      kind: 'enumeration',
      name: scopedName(die),
      language: die.unit.language,
      sizeBytes,
      get isSigned() {
        if (underlying) return isSigned(underlying());
        return enumerators().some(({ value }) => value < 0n);
      },
      enumerators,
    };
  }

  /** Computes a value once, on first use. */
  private lazy<T>(fallback: T, make: () => T): () => T {
    let cached: { value: T } | undefined;
    return () => (cached ??= { value: this.guarded(fallback, make) }).value;
  }

  private guarded<T>(fallback: T, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.report(error);
      return fallback;
    }
  }
}

const NESTED_TAGS = new Set<number>([
  ...[TAG.typedef, TAG.structureType, TAG.classType, TAG.unionType, TAG.enumerationType],
]);

export const VOID: Type = { kind: 'void' };

function readBase(die: Die): BaseType {
  const encoding = ENCODINGS[die.number(AT.encoding) ?? 0] ?? 'other';
  const name = die.name ?? '';
  const sizeBytes = die.size(AT.byteSize) ?? 0;
  const component = componentOf(name, { encoding, sizeBytes });
  const shortName = SHORT_TYPE_NAMES[name] ?? name;
  const base: BaseType = { kind: 'base', name: shortName, sizeBytes, encoding, language: die.unit.language };
  return component ? { ...base, encoding: 'complex', component } : base;
}

/** gcc uses a vendor-defined encoding for complex integer types, whose names begin with `complex`. */
function componentOf(name: string, { encoding, sizeBytes }: Pick<BaseType, 'encoding' | 'sizeBytes'>) {
  const [, ofInteger] = /^complex (.*)$/.exec(name) ?? [];
  if (encoding !== 'complex' && (encoding !== 'other' || ofInteger === undefined)) return undefined;
  const part = { kind: 'base' as const, name: ofInteger ?? '', sizeBytes: Math.floor(sizeBytes / 2) };
  if (encoding === 'complex') return { ...part, encoding: 'float' as const };
  return { ...part, encoding: /unsigned/.test(name) ? ('unsigned' as const) : ('signed' as const) };
}

/** The length of one dimension: a constant, or the key of the entry from which it is computed in a frame. */
function dimensionOf(subrange: Die): Pick<ArrayType, 'count' | 'boundsKey' | 'strideBytes'> {
  const isDynamic = [AT.count, AT.upperBound].some((name) => {
    const value = subrange.value(name);
    return value !== undefined && value.kind !== 'constant';
  });
  const strideBytes = subrange.number(AT.byteStride);
  return {
    count: isDynamic ? undefined : countOf(subrange),
    ...(isDynamic && { boundsKey: subrange.key }),
    ...(strideBytes !== undefined && { strideBytes }),
  };
}

function countOf(subrange: Die): number | undefined {
  const count = subrange.number(AT.count);
  if (count !== undefined) return count >= 0 ? count : undefined;
  const upper = subrange.number(AT.upperBound);
  // Some versions of gcc write an all-ones upper bound for an array of length 0.
  return upper === undefined || upper < -1 ? undefined : upper + 1;
}

function layoutOf(member: Die, types: TypeReader): Pick<Member, 'offsetBytes' | 'bits'> {
  const offsetBytes = memberOffset(member);
  const width = member.size(AT.bitSize);
  if (width === undefined) return { offsetBytes, bits: undefined };
  const offset = bitOffset(member, { offsetBytes, width, types });
  return { offsetBytes: Math.floor(offset / 8), bits: { offset, width } };
}

/**
 * The offset of a member: a constant or, before DWARF 4, an expression that computes the member's address from the
 * struct's address.
 */
function memberOffset(member: Die): number {
  const expression = member.block(AT.dataMemberLocation);
  if (!expression) return member.number(AT.dataMemberLocation) ?? 0;
  return Number(evaluateNumber(expression, withoutFrame(member), [0n]) ?? 0n);
}

/** The context of an expression that does not depend on a frame. */
function withoutFrame(die: Die): ExpressionContext {
  const nothing = () => undefined;
  const context = { register: nothing, readMemory: nothing, cfa: nothing, frameBase: nothing, entryValue: nothing };
  return { ...context, unit: die.unit, bias: 0n };
}

/**
 * The offset of a bit-field in bits, from the first bit of the struct. The old DW_AT_bit_offset counts from the most
 * significant bit of the storage unit (DWARF 3, section 5.5.6).
 */
function bitOffset(
  member: Die,
  { offsetBytes, width, types }: { offsetBytes: number; width: number; types: TypeReader },
): number {
  const direct = member.number(AT.dataBitOffset);
  if (direct !== undefined) return direct;
  // If a bit-field crosses the end of its storage unit, its offset is negative. clang writes it as an unsigned number.
  const fromTop = Number(BigInt.asIntN(64, member.constant(AT.bitOffset) ?? 0n));
  if (!member.has(AT.bitOffset) || !Number.isSafeInteger(fromTop)) return offsetBytes * 8;
  const type = types.typeOf(member);
  const storageBytes = member.size(AT.byteSize) ?? ('sizeBytes' in type ? type.sizeBytes : 4);
  return offsetBytes * 8 + storageBytes * 8 - fromTop - width;
}

const KEYWORDS: Record<number, CompositeType['keyword'] | undefined> = {
  [TAG.structureType]: 'struct',
  [TAG.classType]: 'class',
  [TAG.unionType]: 'union',
};

const QUALIFIERS: Record<number, QualifiedType['qualifier'] | undefined> = {
  [TAG.constType]: 'const',
  [TAG.volatileType]: 'volatile',
  [TAG.restrictType]: 'restrict',
  [TAG.atomicType]: '_Atomic',
};

/** The encodings of base types (DW_ATE_*, section 7.8). */
const ENCODINGS: Record<number, BaseType['encoding'] | undefined> = {
  0x02: 'boolean',
  0x03: 'complex',
  0x04: 'float',
  0x05: 'signed',
  0x06: 'signedChar',
  0x07: 'unsigned',
  0x08: 'unsignedChar',
  0x10: 'unsigned',
};
