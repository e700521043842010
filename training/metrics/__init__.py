"""Image quality metrics of one plane against its reference: PSNR, SSIM, MS-SSIM, LPIPS, VMAF, edges.

Imports `data` alone; imported by `run` and `evaluation`.
"""
