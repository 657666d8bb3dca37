"""Packs: the published tables laid out for people, as a page, a workbook and a table in the terminal.

Here: reading a published database, choosing the month to show, arithmetic of changes, wording and typography in French
and English, charts, HTML, XLSX. Not here: any computation of a KPI (dbt owns the formulas), publication
(`publication/`), the configuration (`company/`).
"""
