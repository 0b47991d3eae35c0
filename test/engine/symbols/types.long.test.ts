/** All cases in types.test.ts pass; `npm test` runs only a selection of them. */
import './types.test.ts';
