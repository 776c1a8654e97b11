"""What pyproject.toml cannot say: the folder assets/ is installed inside the package, as chat/assets."""

from setuptools import find_namespace_packages, setup

setup(
    packages=[*find_namespace_packages(include=["chat", "chat.*"], exclude=["*__pycache__*"]), "chat.assets"],
    package_dir={"chat.assets": "assets"},
    package_data={"chat.assets": ["*.*", "page/*", "samples/*", "screenshots/desktop-*-light.png"]},
    py_modules=["app"],
)
