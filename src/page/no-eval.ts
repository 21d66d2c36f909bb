/**
 * Import this first: it tells zod to evaluate no text as code. zod otherwise tries it once, when the first schema is made, and
 * although it takes the refusal, browsers report a violation of the page's policy.
 */

import { config } from 'zod';

config({ jitless: true });
