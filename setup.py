"""Mounts the top-level folders eval/, scenarios/ and conf/ inside the one import name, drivewm."""

from setuptools import find_namespace_packages, setup

MOUNTED = ("eval", "scenarios", "conf")

CACHES = ["__pycache__", "*.__pycache__"]

packages = find_namespace_packages(include=["drivewm", "drivewm.*"], exclude=CACHES)
package_dir = {"drivewm": "drivewm"}
for folder in MOUNTED:
    package_dir[f"drivewm.{folder}"] = folder
    packages.append(f"drivewm.{folder}")
    inner = find_namespace_packages(where=folder, exclude=CACHES)
    packages += [f"drivewm.{folder}.{name}" for name in inner]

setup(packages=packages, package_dir=package_dir)
