import type { HostCompression, HostFile, SymbolIndexCache } from '../../base/host.ts';
import { xxh64 } from '../../base/xxhash64.ts';
import { DebugInfo } from '../dwarf/info.ts';
import { DebugSections } from '../elf/debugSections.ts';
import { type ElfFile, readElfFile } from '../elf/elfFile.ts';
import { type FileBytes, fileOnDemand } from '../elf/fileBytes.ts';
import { scanNames } from './nameHints.ts';
import { decodeNameTable, digestInPieces, encodeNameTable } from './nameTableFile.ts';

/**
 * Creates the index of a large symbol file, or gets it from the cache. This takes up to several seconds, so it runs in
 * its own thread. Pass the index to `openSymbols` only if the file's version is still the same. Throws an error if the
 * file is not a linked RV64 ELF file, or if it changes while it is being indexed.
 */
export function createSymbolIndex(
  file: HostFile | { name: string; bytes: Uint8Array },
  { compression, cache }: { compression: HostCompression; cache?: SymbolIndexCache },
): Uint8Array {
  const versionOf = () => ('readAt' in file ? file.version?.() : undefined);
  const version = versionOf();
  const bytes = 'readAt' in file ? fileOnDemand(file) : { bytes: file.bytes };
  const elf = readElfFile(bytes, file.name);
  const sections = new DebugSections(elf, { name: file.name, compression, report: () => {} });
  const info = new DebugInfo(sections, { bias: 0n, report: () => {} });
  const unitCount = info.units.length;
  const key = cache && keyOf(elf, info, bytes);
  const cached = key === undefined ? undefined : cache?.read(key);
  if (cached && decodeNameTable(cached, unitCount)) return cached;
  const index = encodeNameTable({ arrays: scanNames(info).arrays, unitCount });
  // If the file changed while it was being indexed, the index may be wrong.
  if (key !== undefined && versionOf() === version) cache?.write(key, index);
  return index;
}

/**
 * Identifies the contents of a file. A build ID identifies a build, but tools that change only the debug information
 * leave the build ID unchanged. The key therefore also depends on the layout of the sections and units. If there is no
 * build ID, the key depends on the whole contents.
 */
function keyOf(elf: ElfFile, info: DebugInfo, file: FileBytes): string {
  const layout = [
    elf.sections.map(({ name, address, lengthBytes }) => `${name} ${address} ${lengthBytes}`),
    info.units.map(({ start, end, version, abbreviationOffset }) => [start, end, version, abbreviationOffset]),
  ];
  const digest = xxh64(new TextEncoder().encode(JSON.stringify(layout)));
  const { buildId } = elf;
  if (buildId !== undefined) return `${buildId}-${hex(digest)}`;
  return `content-${hex(digestInPieces(file, digest))}`;
}

const hex = (digest: bigint): string => digest.toString(16).padStart(16, '0');
