/** All cases in custom.test.ts pass; `npm test` runs only a selection of them. */
import './custom.test.ts';
