import { ItaniumName } from './itaniumName.ts';
import { demangleRustLegacy } from './rustLegacy.ts';
import { RustPath } from './rustPath.ts';
import { NotMangled, type DemangledName } from './mangledText.ts';

/**
 * Demangles a linkage name from C++ (Itanium ABI) or Rust (legacy or v0 mangling). The result is spelled as in GNU
 * c++filt, but without the return type of a template instance, as in gdb. Returns undefined if the name is not mangled,
 * is damaged, or uses an unsupported construct: an expression or decltype in template arguments.
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
