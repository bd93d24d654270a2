#!/usr/bin/env node
import { main } from '#launcher/main.ts'

await main(process.argv.slice(2))
