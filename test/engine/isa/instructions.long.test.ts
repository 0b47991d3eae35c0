/** All cases in instructions.test.ts pass; `npm test` runs fewer random ones. */
import './instructions.test.ts';
