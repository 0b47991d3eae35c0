/** Changes ELF files in the same way as `strip`, `objcopy` and `sstrip`, so that tests do not need these tools. */

/** Like `strip --strip-all`: removes symbols and debug information. */
export function stripped(elf: Uint8Array): Uint8Array {
  return changed(elf, (section, name) => {
    const isDropped = section.type === SHT_SYMTAB || /^\.(debug_|strtab)/.test(name);
    return isDropped ? { ...section, type: SHT_NULL, lengthBytes: 0n } : section;
  });
}

/** Like `strip --strip-debug`: removes debug information and keeps the symbol table. */
export function withoutDebugInfo(elf: Uint8Array): Uint8Array {
  return changed(elf, (section, name) =>
    name.startsWith('.debug_') ? { ...section, type: SHT_NULL, lengthBytes: 0n } : section,
  );
}

/** Like `objcopy --only-keep-debug`: loaded sections keep their addresses but lose their contents. */
export function debugOnly(elf: Uint8Array): Uint8Array {
  return changed(elf, (section) => (section.isLoaded ? { ...section, type: SHT_NOBITS } : section));
}

/** Like `sstrip`: removes the section table. */
export function withoutSections(elf: Uint8Array): Uint8Array {
  const copy = new Uint8Array(elf);
  const view = viewOf(copy);
  view.setBigUint64(E_SHOFF, 0n, true);
  view.setUint16(E_SHNUM, 0, true);
  view.setUint16(E_SHSTRNDX, 0, true);
  return copy;
}

/** Like `objcopy --add-section`: appends sections that are not loaded. */
export function withSections(elf: Uint8Array, added: readonly { name: string; bytes: Uint8Array }[]): Uint8Array {
  const view = viewOf(elf);
  const start = Number(view.getBigUint64(E_SHOFF, true));
  const count = view.getUint16(E_SHNUM, true);
  const namesIndex = view.getUint16(E_SHSTRNDX, true);
  const names = sectionsOf(elf)[namesIndex];
  const oldNames = elf.subarray(names.offset, names.offset + Number(names.lengthBytes));
  const headers = elf.slice(start, start + count * SECTION_HEADER_BYTES);
  const parts: Uint8Array[] = [elf];
  let lengthBytes = elf.length;
  const append = (bytes: Uint8Array): number => {
    const at = lengthBytes;
    parts.push(bytes);
    lengthBytes += bytes.length;
    return at;
  };
  const newNames = Buffer.concat([oldNames, ...added.map(({ name }) => Buffer.from(`${name}\0`))]);
  let nameAt = oldNames.length;
  const newHeaders = added.map(({ name, bytes }) => {
    const header = new DataView(new ArrayBuffer(SECTION_HEADER_BYTES));
    header.setUint32(0, nameAt, true);
    header.setUint32(4, SHT_PROGBITS, true);
    header.setBigUint64(24, BigInt(append(bytes)), true);
    header.setBigUint64(32, BigInt(bytes.length), true);
    nameAt += name.length + 1;
    return new Uint8Array(header.buffer);
  });
  viewOf(headers).setBigUint64(namesIndex * SECTION_HEADER_BYTES + 24, BigInt(append(newNames)), true);
  viewOf(headers).setBigUint64(namesIndex * SECTION_HEADER_BYTES + 32, BigInt(newNames.length), true);
  const tableAt = append(Buffer.concat([headers, ...newHeaders]));
  const result = new Uint8Array(Buffer.concat(parts));
  viewOf(result).setBigUint64(E_SHOFF, BigInt(tableAt), true);
  viewOf(result).setUint16(E_SHNUM, count + added.length, true);
  return result;
}

/** Like `objcopy -O binary`: the loaded bytes, starting at the lowest address. */
export function loadedBytes(elf: Uint8Array): Uint8Array {
  const loaded = sectionsOf(elf).filter(
    ({ isLoaded, type, lengthBytes }) => isLoaded && type !== SHT_NOBITS && lengthBytes > 0n,
  );
  const start = loaded.reduce((least, { address }) => (address < least ? address : least), loaded[0].address);
  const end = loaded.reduce(
    (most, { address, lengthBytes }) => Math.max(most, Number(address - start + lengthBytes)),
    0,
  );
  const image = new Uint8Array(end);
  for (const { address, offset, lengthBytes } of loaded) {
    image.set(elf.subarray(offset, offset + Number(lengthBytes)), Number(address - start));
  }
  return image;
}

/** Flips one byte of a section, at a guest address. */
export function patched(elf: Uint8Array, address: bigint): Uint8Array {
  const holds = (one: Section) => one.isLoaded && one.address <= address && address < one.address + one.lengthBytes;
  const { offset, address: start } = sectionsOf(elf).find(holds)!;
  const copy = new Uint8Array(elf);
  copy[offset + Number(address - start)] ^= 0x10;
  return copy;
}

interface Section {
  header: number;
  type: number;
  isLoaded: boolean;
  address: bigint;
  offset: number;
  lengthBytes: bigint;
}

function sectionsOf(elf: Uint8Array): Section[] {
  const view = viewOf(elf);
  const start = Number(view.getBigUint64(E_SHOFF, true));
  return Array.from({ length: view.getUint16(E_SHNUM, true) }, (_, i) => {
    const header = start + SECTION_HEADER_BYTES * i;
    return {
      header,
      type: view.getUint32(header + 4, true),
      isLoaded: (view.getBigUint64(header + 8, true) & SHF_ALLOC) !== 0n,
      address: view.getBigUint64(header + 16, true),
      offset: Number(view.getBigUint64(header + 24, true)),
      lengthBytes: view.getBigUint64(header + 32, true),
    };
  });
}

function changed(elf: Uint8Array, change: (section: Section, name: string) => Section): Uint8Array {
  const sections = sectionsOf(elf);
  const copy = new Uint8Array(elf);
  const view = viewOf(copy);
  const names = sections[view.getUint16(E_SHSTRNDX, true)].offset;
  for (const section of sections) {
    const at = names + view.getUint32(section.header, true);
    const name = new TextDecoder().decode(elf.subarray(at, elf.indexOf(0, at)));
    const { type, lengthBytes } = change(section, name);
    view.setUint32(section.header + 4, type, true);
    view.setBigUint64(section.header + 32, lengthBytes, true);
  }
  return copy;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// Offsets in the 64-bit structures of ELF files (System V ABI).
const E_SHOFF = 40;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;
const SECTION_HEADER_BYTES = 64;
const SHT_NULL = 0;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2n;
