"""Judgement of a test video against its reference by what a person sees: JOD, VMAF, VMAF-NEG, PSNR, SSIM and flicker.

Imports `metrics` and `data`; imported by `validation`, `evaluation` and `cli`. torch is imported on first use.
"""
