/** All cases of types.test.ts pass; `npm test` runs a selection. */
import './types.test.ts';
