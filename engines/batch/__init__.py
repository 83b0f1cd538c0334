"""Batches: one template and a table of rows become renders, done in this process, in a pool of processes, or on a Dask cluster.

Main path: `plan.plan_batch` checks every row -> `run.run_batch` stores the compositions and hands tasks to a scheduler
(`schedulers.Scheduler`) -> `doing.do` renders one, wherever it runs. Tasks carry ids and return ids; pixels stay in the store.
"""
