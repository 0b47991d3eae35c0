import { SLOT } from '../layout.ts';

/**
 * Translating a region takes 0.3 ms, during which the interpreter could execute about 100,000 instructions. A program
 * with few hot regions executes them for a long time, so it gets a low threshold. A system that keeps reaching new
 * code, such as Linux while it boots, soon stops using most of its regions, so it gets a high threshold.
 */
const FEW_REGIONS = 1200;
const THRESHOLD_WHILE_FEW = 500;
const THRESHOLD_OF_MANY = 5000;

/** The number of jumps to an entry after which the interpreter reports it. */
export class HotThreshold {
  private view: DataView;
  private fixed: number | undefined;
  /** The number of regions created so far. */
  private regionsMade = 0;

  /** If `fixed` is defined, it replaces the usual thresholds. */
  constructor(view: DataView, fixed: number | undefined) {
    this.view = view;
    this.fixed = fixed;
    this.update();
  }

  get jumps(): number {
    return this.view.getInt32(SLOT.HOT_THRESHOLD, true);
  }

  /** Called after regions have been created. */
  countRegions(regions: number): void {
    this.regionsMade += regions;
    this.update();
  }

  private update(): void {
    const usual = this.regionsMade < FEW_REGIONS ? THRESHOLD_WHILE_FEW : THRESHOLD_OF_MANY;
    this.view.setInt32(SLOT.HOT_THRESHOLD, this.fixed ?? usual, true);
  }
}
