import { type FunctionHandle, ModuleBuilder } from '../../../base/wasm/moduleBuilder.ts';
import { addArithmeticHelpers, type ArithmeticHelpers } from '../semantics.ts';
import type { CompiledRegion } from './regionCache.ts';
import { REGION_TYPE, regionCode, type RegionSource } from './regionCode.ts';

export const BATCH_REGIONS_MAX = 64;
// Generating and compiling this many instructions takes about 10 ms.
const BATCH_INSTRUCTIONS_MAX = 3000;

/** The regions of one WebAssembly module. */
export class RegionBatch {
  private builder = new ModuleBuilder();
  private regions: Omit<CompiledRegion, 'run'>[] = [];
  private helpers: ArithmeticHelpers | undefined;
  private instructions = 0;

  get isFull(): boolean {
    return this.regions.length >= BATCH_REGIONS_MAX || this.instructions >= BATCH_INSTRUCTIONS_MAX;
  }

  add(
    source: Omit<RegionSource, 'entry' | 'isBare' | 'inPlace' | 'helpers'>,
    region: Omit<CompiledRegion, 'run'>,
  ): void {
    const handle = this.builder.declare(REGION_TYPE, `r${this.regions.length}`);
    const { entry, isBare, inPlace } = region;
    this.builder.define(handle, (frame) =>
      regionCode(frame, { ...source, entry, isBare, inPlace, helpers: this.lazyHelpers() }),
    );
    this.regions.push(region);
    this.instructions += region.instructions;
  }

  /** Compiles the module and returns its regions, which access `memory`. */
  compile(memory: WebAssembly.Memory): CompiledRegion[] {
    if (this.regions.length === 0) return [];
    const module = new WebAssembly.Module(this.builder.toBytes());
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return this.regions.map((region, i) => ({ ...region, run: exports[`r${i}`] }));
  }

  /** The helper functions are added to a module on first use, because most modules need none of them. */
  private lazyHelpers(): ArithmeticHelpers {
    return new Proxy({} as ArithmeticHelpers, {
      get: (_, name): FunctionHandle => {
        this.helpers ??= addArithmeticHelpers(this.builder);
        return this.helpers[name as keyof ArithmeticHelpers];
      },
    });
  }
}
