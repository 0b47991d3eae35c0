import { CodeBuffer } from './codeBuffer.ts';
import { type Code, type Local, type ValueType, makeLocal } from './code.ts';

export interface FunctionType {
  parameters: ValueType[];
  results: ValueType[];
}

export interface FunctionHandle {
  readonly index: number;
}

/** A function's parameters, and a method that creates local variables for its body. */
export interface Frame {
  parameters: Local[];
  local(type: ValueType): Local;
}

// The minimum is one page, so that a memory of any size can be imported.
const MEMORY_PAGES_MIN = 1;

/**
 * Builds a WebAssembly module (WebAssembly core specification, section 5.5) from functions that are written with
 * `code.ts`. The module imports one memory (`env.memory`) and functions from `env`, and exports its own functions by
 * name. Functions can be declared first and defined later, so that they can call each other in any order.
 */
export class ModuleBuilder {
  private types: FunctionType[] = [];
  private imports: { name: string; type: number }[] = [];
  private functions: { type: number; exportName?: string; locals: ValueType[]; code?: Uint8Array }[] = [];
  private table: { exportName: string; entries: number } | undefined;

  /** Defines the module's only function table, which `callIndirect` uses. */
  defineTable(exportName: string, entries: number): void {
    this.table = { exportName, entries };
  }

  /** Returns the `callIndirect` operand that specifies the type of the called function. */
  typeHandle(type: FunctionType): { readonly index: number } {
    return { index: this.typeIndex(type) };
  }

  /**
   * Imports a function. All imports must precede the first function that the module defines, because imported and
   * defined functions share one sequence of indexes.
   */
  importFunction(name: string, type: FunctionType): FunctionHandle {
    if (this.functions.length > 0) throw new Error('imports must precede functions');
    this.imports.push({ name, type: this.typeIndex(type) });
    return { index: this.imports.length - 1 };
  }

  declare(type: FunctionType, exportName?: string): FunctionHandle {
    this.functions.push({ type: this.typeIndex(type), exportName, locals: [] });
    return { index: this.imports.length + this.functions.length - 1 };
  }

  define(handle: FunctionHandle, body: (frame: Frame) => Code): void {
    const entry = this.functions[handle.index - this.imports.length];
    const { parameters } = this.types[entry.type];
    const frame: Frame = {
      parameters: parameters.map((type, index) => makeLocal(index, type)),
      local: (type) => {
        entry.locals.push(type);
        return makeLocal(parameters.length + entry.locals.length - 1, type);
      },
    };
    const out = new CodeBuffer();
    body(frame)(out);
    out.u8(0x0b);
    entry.code = out.toBytes();
  }

  /** Declares and defines a function in one call. */
  add(type: FunctionType, exportName: string | undefined, body: (frame: Frame) => Code): FunctionHandle {
    const handle = this.declare(type, exportName);
    this.define(handle, body);
    return handle;
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new CodeBuffer();
    out.append(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0)); // "\0asm", version 1
    section(out, 1, (s) => this.writeTypes(s));
    section(out, 2, (s) => this.writeImports(s));
    section(out, 3, (s) => vector(s, this.functions, (f) => s.u32(f.type)));
    if (this.table) section(out, 4, (s) => this.writeTable(s));
    section(out, 7, (s) => this.writeExports(s));
    section(out, 10, (s) => vector(s, this.functions, (f) => writeBody(s, f.locals, f.code)));
    return out.toBytes();
  }

  private writeTypes(out: CodeBuffer): void {
    vector(out, this.types, (type) => {
      out.u8(0x60);
      vector(out, type.parameters, (t) => out.u8(t));
      vector(out, type.results, (t) => out.u8(t));
    });
  }

  private writeImports(out: CodeBuffer): void {
    out.u32(this.imports.length + 1);
    for (const { name, type } of this.imports) {
      out.name('env');
      out.name(name);
      out.u8(0x00);
      out.u32(type);
    }
    out.name('env');
    out.name('memory');
    out.u8(0x02);
    out.u8(0x00);
    out.u32(MEMORY_PAGES_MIN);
  }

  private writeExports(out: CodeBuffer): void {
    const exported = this.functions
      .map((f, i) => ({ name: f.exportName, index: i + this.imports.length }))
      .filter((f) => f.name !== undefined);
    const { table } = this;
    out.u32(exported.length + (table ? 1 : 0));
    for (const { name, index } of exported) {
      out.name(name!);
      out.u8(0x00);
      out.u32(index);
    }
    if (!table) return;
    out.name(table.exportName);
    out.u8(0x01);
    out.u32(0);
  }

  private writeTable(out: CodeBuffer): void {
    out.u32(1);
    out.u8(0x70); // funcref
    out.u8(0x00);
    out.u32(this.table!.entries);
  }

  private typeIndex(type: FunctionType): number {
    const same = (a: ValueType[], b: ValueType[]) => a.length === b.length && a.every((t, i) => t === b[i]);
    const found = this.types.findIndex((t) => same(t.parameters, type.parameters) && same(t.results, type.results));
    return found >= 0 ? found : this.types.push(type) - 1;
  }
}

function section(out: CodeBuffer, id: number, write: (out: CodeBuffer) => void): void {
  const body = new CodeBuffer();
  write(body);
  out.u8(id);
  out.u32(body.length);
  out.append(body.toBytes());
}

function vector<T>(out: CodeBuffer, items: T[], write: (item: T) => void): void {
  out.u32(items.length);
  items.forEach(write);
}

function writeBody(out: CodeBuffer, locals: ValueType[], code: Uint8Array | undefined): void {
  if (!code) throw new Error('a function was declared but never defined');
  const head = new CodeBuffer();
  // Each local variable is declared in a separate run of length one. This takes a few more bytes, but the indexes of
  // the variables then follow the order of their declarations.
  head.u32(locals.length);
  for (const type of locals) {
    head.u32(1);
    head.u8(type);
  }
  out.u32(head.length + code.length);
  out.append(head.toBytes());
  out.append(code);
}
