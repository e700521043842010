"""Image quality metrics of one plane against its reference: PSNR, SSIM, MS-SSIM, LPIPS, VMAF, edges.

Imports only `data`; imported by `validation`, `evaluation` and `cli`.
"""
