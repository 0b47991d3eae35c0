import { ItaniumName } from './itaniumName.ts';
import { demangleRustLegacy } from './rustLegacy.ts';
import { RustPath } from './rustPath.ts';
import { NotMangled, type DemangledName } from './mangledText.ts';

/**
 * Translates a linkage name of C++ (Itanium ABI) or Rust (legacy and v0 mangling) to the name in the source, spelled as
 * by GNU c++filt. The return type of a template instance is omitted, as in gdb. Returns undefined if the name is not
 * mangled, is damaged, or uses a construct that is not supported: expressions and decltype in template arguments.
 */
export function demangle(mangled: string): DemangledName | undefined {
  try {
    if (mangled.startsWith('_R')) return { name: new RustPath(mangled.slice(2)).demangle(), parameters: '' };
    if (!mangled.startsWith('_Z')) return undefined;
    const rust = demangleRustLegacy(mangled);
    return rust === undefined ? new ItaniumName(mangled.slice(2)).demangle() : { name: rust, parameters: '' };
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}
